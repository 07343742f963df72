import { memoryVector, type VectorStore } from '../../shared/codec/kept-vector.ts';
import { createReportMomentum, type Momentum } from '../../shared/codec/report-momentum.ts';
import { createUpdateEncoder, type Residual } from '../../shared/codec/update-encoder.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { encodeFrame } from '../../shared/wire/encode-frame.ts';
import { hashed } from './digest.ts';
import type { Encoder, Hashed, ReportCoding } from './ports.ts';

/** A report whose body is the very numbers: no codec is needed for it, and nothing is kept. */
export function plainReport(delta: Float32Array, { codec, momentum = 0, ...header }: ReportCoding): Promise<Hashed> {
  if (codec.up !== 'float32') return Promise.reject(new Error(`this client cannot write ${codec.up}`));
  if (momentum !== 0) return Promise.reject(new Error('this client keeps no momentum of its reports'));
  const { values, examples, steps, layoutSha256, baseSha256 } = header;
  const frame = encodeFrame({ codec: 'float32', values, examples, steps, layoutSha256, baseSha256 }, toBytes(delta));
  return hashed(frame);
}

/** What a contributor keeps between reports. */
export interface ReportStores {
  readonly residual: VectorStore<Residual>;
  readonly momentum: VectorStore<Momentum>;
}

export const memoryStores = (): ReportStores => ({ residual: memoryVector(), momentum: memoryVector() });

/**
 * Writes reports in every codec, on the thread that it is called on. Momentum comes before the codec: what is kept of it is exact, and what a
 * codec leaves out of it goes into the next report as it is (as EF21-SGDM of Fatkhullin et al., NeurIPS 2023, has it).
 */
export function reportEncoder(stores: ReportStores): Pick<Encoder, 'encode' | 'settle'> {
  const updates = createUpdateEncoder(stores.residual);
  const momentum = createReportMomentum(stores.momentum);
  return {
    async encode(delta, { momentum: beta = 0, ...coding }) {
      const reported = await momentum.blend(delta, beta, coding);
      if (coding.codec.up === 'float32') return plainReport(reported, coding);
      const { body, seed } = await updates.encode(reported, coding);
      const { codec, values, examples, steps, layoutSha256, baseSha256 } = coding;
      const header = { codec: codec.up, values, examples, steps, layoutSha256, baseSha256, seed };
      return hashed(encodeFrame(header, body));
    },
    async settle(isAccepted) {
      // One that fails must not keep the other from hearing of it.
      const settling = await Promise.allSettled([updates.settle(isAccepted), momentum.settle(isAccepted)]);
      const failed = settling.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}
