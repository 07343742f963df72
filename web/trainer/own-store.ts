import type { TaskId } from '../../shared/ids.ts';
import { indexedDbOwnRecords } from '../data/own-records.ts';
import { memoryOwnState, type OwnState } from './core/own-state.ts';

/** In IndexedDB; in the worker's memory for as long as the browser keeps nothing. */
export function ownStore(task: TaskId): OwnState {
  const records = indexedDbOwnRecords(task);
  const memory = memoryOwnState();
  return {
    load: async () => (await records.load().catch(() => undefined)) ?? memory.load(),
    save: (record) => records.save(record).catch(() => memory.save(record)),
  };
}
