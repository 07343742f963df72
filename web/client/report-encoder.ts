import type { UpdateEncoder } from '../../shared/codec/update-encoder.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { encodeFrame } from '../../shared/wire/encode-frame.ts';
import { hashed } from './digest.ts';
import type { Encoder, Hashed, ReportCoding } from './ports.ts';

/** A report whose body is the very numbers: no codec is needed for it. */
export function plainReport(delta: Float32Array, { codec, ...header }: ReportCoding): Promise<Hashed> {
  if (codec.up !== 'float32') return Promise.reject(new Error(`this client cannot write ${codec.up}`));
  const { values, examples, steps, layoutSha256, baseSha256 } = header;
  const frame = encodeFrame({ codec: 'float32', values, examples, steps, layoutSha256, baseSha256 }, toBytes(delta));
  return hashed(frame);
}

/** Writes reports in every codec, on the thread that it is called on. */
export const reportEncoder = (updates: UpdateEncoder): Pick<Encoder, 'encode' | 'settle'> => ({
  async encode(delta, coding) {
    if (coding.codec.up === 'float32') return plainReport(delta, coding);
    const { body, seed } = await updates.encode(delta, coding);
    const { codec, values, examples, steps, layoutSha256, baseSha256 } = coding;
    const header = { codec: codec.up, values, examples, steps, layoutSha256, baseSha256, seed };
    return hashed(encodeFrame(header, body));
  },
  settle: (isAccepted) => updates.settle(isAccepted),
});
