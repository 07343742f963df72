import type { TaskId } from '../../shared/ids.ts';
import { memorySecrets } from './memory-secrets.ts';
import type { SecretStore, TabLock } from './ports.ts';
import { indexedDbSecrets } from './secret-store.ts';
import { alone, browserTabLock } from './tab-lock.ts';

/**
 * This origin's storage, or memory where the browser keeps nothing here (a sandboxed frame, blocked storage). Nothing
 * is looked at before one of them is used, and no database is made by looking. `isUnavailable` knows the errors that say so.
 */
export function originStorage(
  task: TaskId,
  isUnavailable: (error: unknown) => boolean,
): {
  readonly isKept: () => Promise<boolean>;
  readonly secrets: SecretStore;
  readonly lock: TabLock;
} {
  let asked: Promise<boolean> | null = null;
  const isKept = (): Promise<boolean> => {
    asked ??= indexedDbSecrets.load(task).then(
      () => true,
      (error: unknown) => !isUnavailable(error),
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
