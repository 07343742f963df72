import type { ArithmeticCore } from './arithmetic-core.ts';

/** One call of the port on its way to the thread, and its answer. Arguments and results are plain data. */
export interface ArithmeticCall {
  readonly id: number;
  readonly method: keyof ArithmeticCore;
  readonly args: readonly unknown[];
}

export type ArithmeticAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: unknown };
