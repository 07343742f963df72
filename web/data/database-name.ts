import type { TaskId } from '../../shared/ids.ts';

/** What a browser keeps of a task, each in a database of its own: the examples, and what goes with them. */
const KINDS = ['examples', 'personal', 'own', 'residual', 'momentum'] as const;
const nameOf = (kind: (typeof KINDS)[number], task: TaskId): string => `fedtab-${kind}-${task}`;

/** One database a task: deleting a person's examples leaves no trace of it. */
export const databaseName = (task: TaskId): string => nameOf('examples', task);

/** What was fitted to a person's examples, apart from them: it comes and goes by itself, and goes with them. */
export const personalDatabaseName = (task: TaskId): string => nameOf('personal', task);

/** What a task's client work keeps from round to round; it goes with the examples. */
export const ownStateDatabaseName = (task: TaskId): string => nameOf('own', task);

/** What a codec left out of a person's reports: it is made of the examples, and goes with them. */
export const residualDatabaseName = (task: TaskId): string => nameOf('residual', task);

/** The average of a person's own changes, where a task's reports are that; it goes with the examples. */
export const momentumDatabaseName = (task: TaskId): string => nameOf('momentum', task);

/** Names of them all. */
export const databasesOf = (task: TaskId): readonly string[] => KINDS.map((kind) => nameOf(kind, task));
