import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRemembered } from './remembered.ts';

const nothing = { examples: null, before: null };

it('reads back what was noted', () => {
  const noted = {
    examples: { count: 120, bytes: 94_000 },
    before: { version: 3, sha256: 'ab', score: { accuracy: 0.88 } },
  };
  expect(parseRemembered(JSON.stringify(noted))).toEqual(noted);
});

it.each([null, '', '{', 'null', '[]', '7', '{"examples":{"count":-1,"bytes":2}}', '{"before":{"version":1}}'])(
  'takes %j for nothing',
  (text) => expect(parseRemembered(text)).toEqual(nothing),
);

it('keeps the version where the score is none', () => {
  const text = JSON.stringify({ before: { version: 3, sha256: 'ab', score: { accuracy: 7 } } });
  expect(parseRemembered(text).before).toEqual({ version: 3, sha256: 'ab', score: null });
});

it('throws on nothing that may lie there', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const { examples } = parseRemembered(text);
      return examples === null || examples.count >= 0;
    }),
  );
});
