import type { Backend } from '../client/ports.ts';

/** A backend that was lost so often in a row is not opened again: the next best takes its place. */
const IN_A_ROW_MAXIMUM = 2;

/** How often backends were lost on this page. */
export interface Losses {
  add(backend: Backend): void;
  /** One that took its whole thread with it is not tried a second time. */
  avoid(backend: Backend): void;
  /** A training ended well: what was lost before does not count as a row. Who is avoided stays avoided. */
  endRows(): void;
  /** The person asks anew: every backend has its chance again. */
  forgive(): void;
  count(): number;
  avoided(): readonly Backend[];
}

export function lossesOf(): Losses {
  const inARow = new Map<Backend, number>();
  let count = 0;
  return {
    add(backend) {
      count++;
      inARow.set(backend, (inARow.get(backend) ?? 0) + 1);
    },
    avoid(backend) {
      count++;
      inARow.set(backend, IN_A_ROW_MAXIMUM);
    },
    endRows() {
      for (const [backend, losses] of inARow) if (losses < IN_A_ROW_MAXIMUM) inARow.delete(backend);
    },
    forgive: () => inARow.clear(),
    count: () => count,
    avoided: () => [...inARow].filter(([, losses]) => losses >= IN_A_ROW_MAXIMUM).map(([backend]) => backend),
  };
}
