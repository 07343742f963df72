import type { TaskId } from '../../shared/ids.ts';

/** One database a task: deleting a person's examples leaves no trace of it. */
export const databaseName = (task: TaskId): string => `fedtab-examples-${task}`;
