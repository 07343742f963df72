import { expect, test } from 'vitest';
import { mergeOverrides, parseTaskSpec } from '../task/parse.ts';
import { TEMPLATES } from '../task/templates/index.ts';
import { CODEC_NAMES, CODECS, codecById, codecByName } from './index.ts';

test('no two codecs have one id', () => {
  const ids = Object.values(CODECS).map((codec) => codec.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('an id or a name that none has leads nowhere', () => {
  expect([255, -1, 0.5, Number.NaN].map((id) => codecById(id))).toEqual([undefined, undefined, undefined, undefined]);
  expect(codecByName('float32')).toBe(CODECS.float32);
});

test('a task takes every codec of the registry for its reports, and no other', () => {
  const taken = (up: string): boolean =>
    parseTaskSpec(mergeOverrides(structuredClone(TEMPLATES.digits), { codec: { up } })).ok;
  expect(CODEC_NAMES).toEqual(Object.keys(CODECS));
  expect(CODEC_NAMES.map(taken)).toEqual(CODEC_NAMES.map(() => true));
  expect(taken('morse')).toBe(false);
});
