import { expect, test } from 'vitest';
import { mergeOverrides, parseTaskSpec } from '../task/parse.ts';
import { TEMPLATES } from '../task/templates/index.ts';
import { CODEC_NAMES, CODECS, codecById, codecByName } from './index.ts';
import { needsFraction, needsRange } from './names.ts';

test('no two codecs have one id', () => {
  const ids = Object.values(CODECS).map((codec) => codec.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('an id or a name that none has leads nowhere', () => {
  expect([255, -1, 0.5, Number.NaN].map((id) => codecById(id))).toEqual([undefined, undefined, undefined, undefined]);
  expect(codecByName('float32')).toBe(CODECS.float32);
});

const parsed = (codec: object) => parseTaskSpec(mergeOverrides(structuredClone(TEMPLATES.digits), { codec }));
const problemsOf = (codec: object): readonly string[] => {
  const result = parsed(codec);
  return result.ok ? [] : result.failure.map(({ path }) => path);
};

test('a task takes every codec of the registry for its reports, and no other', () => {
  const taken = (up: string): boolean =>
    parsed({
      up,
      ...(up.startsWith('uniform') ? { range: 0.05 } : {}),
      ...(up.endsWith('-k') ? { fraction: 0.01 } : {}),
    }).ok;
  expect([...CODEC_NAMES].sort()).toEqual(Object.keys(CODECS).sort());
  expect(CODEC_NAMES.filter((name) => !taken(name))).toEqual([]);
  expect(taken('morse')).toBe(false);
});

test('a range is for uniform codecs, a fraction for top-k and random-k, and each must be given there', () => {
  expect(CODEC_NAMES.filter(needsRange)).toHaveLength(12);
  expect(CODEC_NAMES.filter(needsFraction)).toEqual(['top-k', 'random-k']);
  expect(problemsOf({ up: 'uniform-8-rotated' })).toEqual(['codec.range']);
  expect(problemsOf({ up: 'top-k' })).toEqual(['codec.fraction']);
  expect(problemsOf({ up: 'float32', range: 1, fraction: 0.5 })).toEqual(['codec.range', 'codec.fraction']);
  expect(problemsOf({ up: 'random-k', fraction: 0 })).toEqual(['codec.fraction']);
  expect(problemsOf({ up: 'random-k', fraction: 1.5 })).toEqual(['codec.fraction']);
  expect(problemsOf({ up: 'uniform-4', range: 0 })).toEqual(['codec.range']);
});

test('P40: reports are as small as they are meant to be: 8 bits, 1 bit, 1 in a hundred', () => {
  const bytes = (name: keyof typeof CODECS, values: number): number =>
    CODECS[name].bodyBytes(values, { range: 1, fraction: 0.01 }).maximum;
  expect([bytes('uniform-8', 1_000_500), bytes('uniform-8-rotated', 1_000_500)]).toEqual([1_000_500, 1_001_472]);
  expect([bytes('uniform-1-rotated', 1_000_500), bytes('eden-1', 1_000_500)]).toEqual([125_184, 125_252]);
  expect([bytes('uniform-8', 199_210), bytes('uniform-8-rotated', 199_210)]).toEqual([199_210, 200_704]);
  expect([bytes('float16', 199_210), bytes('eden-4', 199_210)]).toEqual([398_424, 100_368]);
  expect([bytes('top-k', 199_210), bytes('random-k', 199_210)]).toEqual([15_936, 7_968]);
});
