import type { TaskId } from '../../shared/ids.ts';
import { memorySecrets } from '../client/memory-secrets.ts';
import type { SecretStore, TabLock } from '../client/ports.ts';
import { indexedDbSecrets } from '../client/secret-store.ts';
import { alone, browserTabLock } from '../client/tab-lock.ts';
import { failureOf } from '../data/failure.ts';

/**
 * This origin's storage, or memory where the browser keeps nothing here (a sandboxed frame, blocked storage). Nothing
 * is looked at before one of them is used, and no database is made by looking.
 */
export function originStorage(task: TaskId): {
  readonly isKept: () => Promise<boolean>;
  readonly secrets: SecretStore;
  readonly lock: TabLock;
} {
  let asked: Promise<boolean> | null = null;
  const isKept = (): Promise<boolean> => {
    asked ??= indexedDbSecrets.load(task).then(
      () => true,
      (error: unknown) => failureOf(error).reason !== 'unavailable',
    );
    return asked;
  };
  const inMemory = memorySecrets();
  const now = async (): Promise<SecretStore> => ((await isKept()) ? indexedDbSecrets : inMemory);
  return {
    isKept,
    secrets: {
      load: async (of) => (await now()).load(of),
      save: async (of, secret) => (await now()).save(of, secret),
      remove: async (of) => (await now()).remove(of),
    },
    // Where nothing is kept each tab is a contributor of its own: there is nothing to share a lock over.
    lock: {
      request(of, onChange) {
        let release: (() => void) | null = null;
        let isOver = false;
        void isKept().then((kept) => {
          if (!isOver) release = (kept ? browserTabLock.request : alone)(of, onChange);
        });
        return () => {
          isOver = true;
          release?.();
        };
      },
    },
  };
}
