import { CODEC_NAMES, codecByName } from '../../shared/codec/index.ts';
import { seededRng } from '../../shared/rng.ts';
import { median, milliseconds, tableOf, whole } from './table.ts';

const VALUES = 1_000_000;
/** Before these the code is not compiled yet. */
const WARM_UPS = 3;
/** Of the values, which are normal: the range holds five of them. */
const DEVIATION = 0.01;
const PARAMETERS = { range: 5 * DEVIATION, fraction: 0.01 };

/** A million normal values through every codec on one core: how small, how exact, how fast. */
export async function benchCodec(runs: number, say: (line: string) => void): Promise<void> {
  const rng = seededRng(1);
  const vector = Float32Array.from({ length: VALUES }, () => rng.normal() * DEVIATION);
  const length = squares(vector);
  const rows = CODEC_NAMES.map((name) => {
    const codec = codecByName(name);
    const encodeMs: number[] = [];
    const decodeMs: number[] = [];
    let bytes = 0;
    let error = 0;
    for (let run = 0; run < WARM_UPS + runs; run++) {
      const options = { ...PARAMETERS, seed: run, rng: seededRng(run) };
      const startedAt = performance.now();
      const body = codec.encode(vector, options);
      const encodedAt = performance.now();
      const decoded = codec.decode(body, VALUES, options);
      const decodedAt = performance.now();
      if (decoded === undefined) throw new Error(`${name} cannot read what it wrote`);
      bytes = body.byteLength;
      error = squares(decoded.map((value, i) => value - (vector[i] as number)));
      if (run < WARM_UPS) continue;
      encodeMs.push(encodedAt - startedAt);
      decodeMs.push(decodedAt - encodedAt);
    }
    return [
      ...[name, whole(bytes), (error / length).toPrecision(3)],
      ...[milliseconds(median(encodeMs), 1), milliseconds(median(decodeMs), 1)],
    ];
  });
  const header = ['codec', 'bytes', 'vNMSE', `encode, median of ${runs}`, 'decode'];
  say(tableOf(header, rows));
  say(`\nrange ${PARAMETERS.range} (five deviations), fraction ${PARAMETERS.fraction}`);
}

function squares(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] as number) ** 2;
  return sum;
}
