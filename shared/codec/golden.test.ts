import { expect, it } from 'vitest';
import { bytesToHex, hexToBytes, sha256Hex } from '../hash.ts';
import { seededRng } from '../rng.ts';
import { optionsOf } from './fixtures/options.ts';
import { CODEC_NAMES, type CodecName, codecByName } from './index.ts';

/** Bodies are the same bytes in every browser and in Node: they are written with nothing but exact arithmetic and √. */
const rng = seededRng(4);
const vector = Float32Array.from({ length: 777 }, () => rng.uniform() - 0.5);

it.each(CODEC_NAMES)('%s writes these bytes, and reads these values', (name) => {
  const codec = codecByName(name);
  const options = optionsOf(0xdeadbeef, { range: 0.5, fraction: 0.1 });
  const body = codec.encode(vector, options);
  const decoded = codec.decode(body, 777, options) ?? new Float32Array();
  const hashes = [sha256Hex(body), sha256Hex(new Uint8Array(decoded.buffer.slice(0)))].map((hash) => hash.slice(0, 16));
  expect([name, ...hashes]).toEqual([name, ...GOLDEN[name]]);
});

it.each<[CodecName, string, number[]]>([
  ['float16', '00000039007000f4006c', [1, -2, 0.5]],
  ['top-k', '0000000001000000000080' + '3f000000c0', [1, -2, 0]],
  ['random-k', '000000c0' + '0000003f', [0, -4, 0.5]],
  ['eden-1', '0a88c83f' + 'd56c203f' + '06', [0, -2.5, 0.5]],
  ['uniform-2', '1b', [2, 0.66667, -0.66667]],
  ['uniform-2-rotated', '1b', [-1.88562, -0.94281, 0.66667]],
])('P40: the worked body of %s, seed 1, range 2, fraction 0.5', (name, body, values) => {
  const options = optionsOf(1, { range: 2, fraction: 0.5 });
  const decoded = codecByName(name).decode(hexToBytes(body), 3, options);
  for (const [i, value] of values.entries()) expect(decoded?.[i]).toBeCloseTo(value, 5);
  // What uniform codecs write is a matter of chance.
  if (name.startsWith('uniform')) return;
  expect(bytesToHex(codecByName(name).encode(Float32Array.of(1, -2, 0.5), options))).toBe(body);
});

const GOLDEN: Readonly<Record<CodecName, readonly [body: string, values: string]>> = {
  float32: ['fdfd265ac7e24667', 'fdfd265ac7e24667'],
  float16: ['87c9c8bedb5c55e6', '164df82c0f42816e'],
  'top-k': ['c374ba2606bf9f20', '5a73bdd3d4e55924'],
  'random-k': ['6a146aa50e6c6ef2', 'afa9809100e11876'],
  'eden-1': ['798607ac687ed80e', 'b78a6100cbca8c6d'],
  'eden-2': ['86a5755d85472bd8', 'd513d6642f5a5b39'],
  'eden-3': ['ec393c262569cae4', '14e6995f4bbc676f'],
  'eden-4': ['e3a001514089a8fb', '137734fc6bd45f41'],
  'uniform-1': ['6ffe166ecf24d87a', '51241dd810851e26'],
  'uniform-2': ['78d9ad9e70a2f7c8', '3a3c1bf43a386786'],
  'uniform-4': ['6e7c0cba0ec1fca6', 'd5772dbdfa281626'],
  'uniform-8': ['f8ffbfd2eb705840', 'e0d16d5aedc1812f'],
  'uniform-12': ['3ee44dc84f598263', 'c856a09786b27294'],
  'uniform-16': ['bf28fb0bd5171966', '967e6f0c6ea14736'],
  'uniform-1-rotated': ['1e6c09c82909d680', '43bfaf7680c9e99b'],
  'uniform-2-rotated': ['956cda600ebcf32f', '3b3e998df43e6ffc'],
  'uniform-4-rotated': ['fcb26d54ba8831c1', '923f4db6f1555137'],
  'uniform-8-rotated': ['f8539da01cf2b9cc', '4476733e6714bbc9'],
  'uniform-12-rotated': ['c0d508bafb13d043', '227b8d691dbf9e8d'],
  'uniform-16-rotated': ['15c0e6a8038ae93c', 'dd0b146056929e70'],
};
