import { expect, test } from 'vitest';
import { forgetTexts, notedText, noteText } from './text-notes.ts';

test('the newest texts are known by their numbers, on one line and not endless, until they are forgotten', () => {
  noteText(' two\nlines ', [1, 2]);
  noteText('x'.repeat(1_000), Int32Array.of(3));
  expect([notedText(Int32Array.of(1, 2)), notedText([3])?.length, notedText([1])]).toEqual(['two lines', 200, null]);
  noteText('said again', [1, 2]);
  for (let number = 100; number < 599; number++) noteText('new', [number]);
  expect([notedText([1, 2]), notedText([3])]).toEqual(['said again', null]);
  forgetTexts();
  expect(notedText([1, 2])).toBeNull();
});
