import type { SecretStore } from './ports.ts';

/** Secrets that live as long as the process or the page; one store can serve the clients of several tasks, not several clients. */
export function memorySecrets(): SecretStore {
  const secrets = new Map<string, string>();
  return {
    load: async (task) => secrets.get(task) ?? null,
    save: async (task, secret) => void secrets.set(task, secret),
    remove: async (task) => void secrets.delete(task),
  };
}
