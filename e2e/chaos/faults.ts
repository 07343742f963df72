import type { Rng } from '../../shared/rng.ts';
import { isAck, isControl, type Unit } from './frames.ts';

export type Direction = 'up' | 'down';

/** How often what goes wrong, as shares of 1. */
export interface FaultRates {
  /** Acks of the server that never arrive. */
  readonly ackDropped: number;
  /** Connections that end in the middle of a unit. */
  readonly cut: number;
  /** Frames that arrive twice. */
  readonly doubled: number;
  /** Units of which one bit is wrong. */
  readonly flipped: number;
  /** Connections whose frames arrive up to a second after the client gave them up and came back on another. */
  readonly held: number;
}

/** A third of the acks lost, a tenth of the connections cut and another tenth late. */
export const WELL: FaultRates = { ackDropped: 0, cut: 0, doubled: 0, flipped: 0, held: 0 };
export const HARSH: FaultRates = { ackDropped: 0.3, cut: 0.1, doubled: 0.05, flipped: 0.005, held: 0.1 };

/** What is decided of a connection as it opens. */
export interface ConnectionFaults {
  readonly number: number;
  /** The unit, counted in both directions, in whose middle it ends; null if in none. */
  readonly cutAt: number | null;
  /** From this unit up on nothing arrives before the client is gone; null if all does. */
  readonly heldFrom: number | null;
}

export type Fate =
  | { readonly kind: 'pass' | 'drop' | 'double' }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'flip'; readonly bit: number }
  | { readonly kind: 'hold' };

/** Within so many units a connection that is to be cut or held is. */
const WITHIN_UNITS = 40;

const happens = (rng: Rng, share: number): boolean => rng.uniform() < share;

export function connectionFaults(number: number, rates: FaultRates, rng: Rng): ConnectionFaults {
  const at = (share: number): number | null => (happens(rng, share) ? rng.below(WITHIN_UNITS) : null);
  return { number, cutAt: at(rates.cut), heldFrom: at(rates.held) };
}

/** What becomes of the connection's unit `at`. Heads are only cut and held: without one there is no connection. */
export function fateOf(
  unit: Unit,
  direction: Direction,
  at: number,
  { cutAt, heldFrom }: ConnectionFaults,
  rates: FaultRates,
  rng: Rng,
): Fate {
  if (cutAt !== null && at >= cutAt) return { kind: 'cut', afterBytes: rng.below(unit.bytes.length) };
  if (direction === 'up' && heldFrom !== null && at >= heldFrom) return { kind: 'hold' };
  if (unit.kind === 'head' || isControl(unit)) return { kind: 'pass' };
  if (direction === 'down' && isAck(unit) && happens(rng, rates.ackDropped)) return { kind: 'drop' };
  if (unit.kind === 'frame' && happens(rng, rates.doubled)) return { kind: 'double' };
  if (happens(rng, rates.flipped)) return { kind: 'flip', bit: rng.below(8 * unit.bytes.length) };
  return { kind: 'pass' };
}

/** A copy with one bit the other way round. */
export function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
