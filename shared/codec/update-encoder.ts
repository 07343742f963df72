import type { Sha256 } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { codecByName } from './index.ts';
import { hasErrorFeedback } from './names.ts';
import { type EncodedUpdate, encodeUpdate, type UpdateCoding } from './update.ts';

/** What reports so far left out, of one task and one contributor. It is made of that person's examples and never leaves the device. */
export interface Residual {
  readonly values: Float32Array;
  /** The version that the last report of it started from. */
  readonly version: number;
  readonly layoutSha256: Sha256;
}

/** Where the one residual of a task lies. */
export interface ResidualStore {
  /** As it was written, or anything at all if it was damaged; null or undefined where there is none. */
  load(): Promise<unknown>;
  /** In place of what was there; null removes it. */
  save(residual: Residual | null): Promise<void>;
}

export function memoryResidual(): ResidualStore {
  let kept: Residual | null = null;
  return {
    load: async () => kept,
    save: async (residual) => {
      kept = residual;
    },
  };
}

export interface ResidualCoding extends UpdateCoding {
  readonly baseVersion: number;
  readonly layoutSha256: Sha256;
}

export interface UpdateEncoder {
  /** The body of the report and its seed. Rejects where the delta cannot be encoded. */
  encode(delta: Float32Array, coding: ResidualCoding): Promise<EncodedUpdate>;
  /** Tells whether the report that was encoded last was accepted, once that is known. */
  settle(isAccepted: boolean): Promise<void>;
}

/**
 * Encodes updates, with error feedback where the codec asks for it (Seide et al., Interspeech 2014; Stich et al., NeurIPS 2018):
 * v = delta + e is encoded, and e becomes v minus what was sent.
 *
 * The new e counts only once the report is accepted; of a report that was not, the e from before it is kept, since nothing of that report is in
 * any version. Between the two the store is empty: a page that ends there loses e, which is better than sending twice what was sent.
 * An e of another layout or of a version more than `LIMITS.residualVersionsCount` back is dropped.
 */
export function createUpdateEncoder(store: ResidualStore): UpdateEncoder {
  let open: { readonly before: Residual | null; readonly after: Residual } | null = null;

  async function settle(isAccepted: boolean): Promise<void> {
    if (open === null) return;
    const { before, after } = open;
    open = null;
    await store.save(isAccepted ? after : before);
  }

  return {
    async encode(delta, coding) {
      await settle(false);
      if (!hasErrorFeedback(coding.codec.up)) return encodeUpdate(delta, coding);
      const { baseVersion, layoutSha256 } = coding;
      const before = usable(await store.load().catch(() => null), coding, delta.length);
      const sum = before === null ? delta : added(delta, before.values);
      const encoded = encodeUpdate(sum, coding);
      const sent = codecByName(coding.codec.up).decode(encoded.body, sum.length, {
        ...coding.codec,
        seed: encoded.seed,
      });
      const values = sent === undefined ? sum : added(sum, sent, -1);
      await store.save(null);
      open = { before, after: { values, version: baseVersion, layoutSha256 } };
      return encoded;
    },
    settle,
  };
}

function added(a: Float32Array, b: Float32Array, factor = 1): Float32Array {
  const sum = new Float32Array(a.length);
  for (let i = 0; i < sum.length; i++) sum[i] = (a[i] as number) + factor * (b[i] as number);
  return sum;
}

/** What was stored, if it is a residual of this layout and not too old. */
function usable(
  stored: unknown,
  { baseVersion, layoutSha256 }: Pick<ResidualCoding, 'baseVersion' | 'layoutSha256'>,
  count: number,
): Residual | null {
  const { values, version, layoutSha256: layout } = (stored ?? {}) as Partial<Residual>;
  if (!(values instanceof Float32Array) || values.length !== count || layout !== layoutSha256) return null;
  const age = typeof version === 'number' ? baseVersion - version : Number.NaN;
  return age >= 0 && age <= LIMITS.residualVersionsCount && values.every(Number.isFinite) ? (stored as Residual) : null;
}
