/**
 * "As many steps as fit in T seconds" (Li et al., "Federated Optimization in Heterogeneous Networks", MLSys 2020, arXiv:1812.06127, section 3: FedProx
 * takes the partial work of slow devices). What is counted begins once the first batch has
 * been through the device, so that compiling programs and uploading weights, which a device does once, take none of it; rests
 * of the duty cycle are in it, since the round waits for them too. Batches that were queued before the end are still done:
 * at most what one read waits for (`loop.ts`).
 */
export interface TimeBox {
  /** A read came back from the device: the first one starts the time. */
  read(): void;
  /** No further step fits. */
  isOver(): boolean;
  /** Steps that will have been done at this pace, of `steps` at most. */
  expected(done: number, steps: number): number;
}

export function timeBoxOf(maxSeconds: number | undefined, nowMs: () => number): TimeBox {
  const limitMs = maxSeconds === undefined ? Number.POSITIVE_INFINITY : maxSeconds * 1_000;
  let startMs: number | undefined;
  const spentMs = (): number => (startMs === undefined ? 0 : nowMs() - startMs);
  return {
    read() {
      startMs ??= nowMs();
    },
    isOver: () => spentMs() >= limitMs,
    expected(done, steps) {
      const share = spentMs() / limitMs;
      return share > 0 ? Math.min(steps, Math.max(done, Math.round(done / share))) : steps;
    },
  };
}
