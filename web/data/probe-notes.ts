import type { TaskId } from '../../shared/ids.ts';

/**
 * Where a page notes what the probe of backends found of a task's model, for its next visit: a line of text under the
 * task's own name, so that "Delete my data" takes it too, and no database for it. Storage may be forbidden: then each
 * visit probes anew.
 */
export function probeNotes(task: TaskId) {
  const key = `fedtab-probe-${task}`;
  return {
    /** Whatever lies there; the trainer looks at what it is. */
    load(): unknown {
      try {
        return JSON.parse(localStorage.getItem(key) ?? 'null');
      } catch {
        return null;
      }
    },
    save(probe: object): void {
      try {
        localStorage.setItem(key, JSON.stringify(probe));
      } catch {}
    },
    forget(): void {
      try {
        localStorage.removeItem(key);
      } catch {}
    },
  };
}
