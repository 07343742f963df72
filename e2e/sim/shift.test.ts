import { expect, it } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { examples } from '../../web/trainer/core/fixtures/tiny.ts';
import { lookingAs, looksOf } from './shift.ts';

const digit = examples([1, 3, 1], 2, [[[0, 100, 255], 1]]);
const seen = (look: Parameters<typeof lookingAs>[1]) => [...(lookingAs(digit, look).parts[0]?.features ?? [])];

it('a look is brightness + contrast · v, and of an inverted one 1 − v', () => {
  expect(seen({ contrast: 1, brightness: 0, isInverted: false })).toEqual([0, 100, 255]);
  expect(seen({ contrast: 1, brightness: 0, isInverted: true })).toEqual([255, 155, 0]);
  expect(seen({ contrast: 0.5, brightness: 0.2, isInverted: false })).toEqual([51, 101, 179]);
  // The examples themselves stay as they are, and so do the labels.
  expect([...(digit.parts[0]?.features ?? [])]).toEqual([0, 100, 255]);
  expect(lookingAs(digit, { contrast: 0.5, brightness: 0, isInverted: true }).parts[0]?.targets[0]).toBe(1);
});

it('of the same seed there are the same looks, half of them inverted, and no value is cut off', () => {
  const looks = looksOf(20, seededRng(1));
  expect(looks).toEqual(looksOf(20, seededRng(1)));
  expect(looks).not.toEqual(looksOf(20, seededRng(2)));
  expect(looks.filter(({ isInverted }) => isInverted)).toHaveLength(10);
  for (const { contrast, brightness } of looks) {
    expect(contrast).toBeGreaterThanOrEqual(0.2);
    expect(contrast + brightness).toBeLessThanOrEqual(1);
  }
});
