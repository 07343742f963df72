import type { TaskId } from '../../shared/ids.ts';

/** One database a task: deleting a person's examples leaves no trace of it. */
export const databaseName = (task: TaskId): string => `fedtab-examples-${task}`;

/** What was fitted to a person's examples, apart from them: it comes and goes by itself, and goes with them. */
export const personalDatabaseName = (task: TaskId): string => `fedtab-personal-${task}`;

/** What a task's client work keeps from round to round; it goes with the examples. */
export const ownStateDatabaseName = (task: TaskId): string => `fedtab-own-${task}`;

/** What a codec left out of a person's reports: it is made of the examples, and goes with them. */
export const residualDatabaseName = (task: TaskId): string => `fedtab-residual-${task}`;

/** The average of a person's own changes, where a task's reports are that; it goes with the examples. */
export const momentumDatabaseName = (task: TaskId): string => `fedtab-momentum-${task}`;

/** What goes with the examples of a task. */
export const databasesBeside = (task: TaskId): readonly string[] =>
  [personalDatabaseName, ownStateDatabaseName, residualDatabaseName, momentumDatabaseName].map((nameOf) =>
    nameOf(task),
  );
