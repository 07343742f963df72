import { fromBytes, toBytes } from '../weights/vector.ts';
import { type Codec, type CodecParameters, exactly } from './codec.ts';
import { sentCount } from './top-k.ts';
import { keyOf, wordAt } from './words.ts';

/**
 * k = max(1, round(fraction · values)) values at places that the round's seed draws, so that no place is sent and bodies may be added
 * (Konečný et al. 2016, "random mask"). The vector is cut into k strata as equal as whole numbers allow, the longer ones first, and one
 * place is drawn from each; decoding multiplies its value by the stratum's length, the inverse of its probability: unbiased, with
 * vNMSE = values ÷ k − 1.
 *
 * Body: k float32 values, those of the strata in order. Stratum j of length n, beginning at b, sends place
 * b + ⌊word(j) · n ÷ 2^32⌋.
 */
export const randomK = {
  name: 'random-k',
  id: 3,
  seeding: 'round',
  bodyBytes: (values, parameters) => exactly(sentCount(values, parameters) * 4),

  encode(vector, options) {
    const sent = new Float32Array(sentCount(vector.length, options));
    eachPlace(vector.length, options, (stratum, place) => {
      sent[stratum] = vector[place] as number;
    });
    return toBytes(sent);
  },

  decode(body, values, options) {
    if (body.byteLength !== sentCount(values, options) * 4) return undefined;
    const sent = fromBytes(body);
    const vector = new Float32Array(values);
    eachPlace(values, options, (stratum, place, length) => {
      vector[place] = (sent[stratum] as number) * length;
    });
    return vector;
  },
} as const satisfies Codec;

function eachPlace(
  values: number,
  options: CodecParameters & { readonly seed: number },
  visit: (stratum: number, place: number, length: number) => void,
): void {
  const count = sentCount(values, options);
  const key = keyOf(options.seed);
  const short = Math.floor(values / count);
  const longer = values % count;
  let begin = 0;
  for (let stratum = 0; stratum < count; stratum++) {
    const length = stratum < longer ? short + 1 : short;
    visit(stratum, begin + Math.floor(((wordAt(key, stratum) >>> 0) * length) / 2 ** 32), length);
    begin += length;
  }
}
