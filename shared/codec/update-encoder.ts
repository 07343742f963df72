import { LIMITS } from '../limits.ts';
import { codecByName } from './index.ts';
import { type KeptVector, type ReportPlace, usableVector, type VectorStore } from './kept-vector.ts';
import { hasErrorFeedback } from './names.ts';
import { type EncodedUpdate, encodeUpdate, type UpdateCoding } from './update.ts';

/** e: what reports so far left out, of one task and one contributor. */
export type Residual = KeptVector;

export interface ResidualCoding extends UpdateCoding, ReportPlace {}

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
export function createUpdateEncoder(store: VectorStore<Residual>): UpdateEncoder {
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
      const before = usableVector(
        await store.load().catch(() => null),
        delta.length,
        coding,
        LIMITS.residualVersionsCount,
      );
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
