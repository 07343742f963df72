import { beforeAll, describe, expect, it } from 'vitest';
import { findEspeak, speak } from '../../server/samples/espeak.ts';
import { keywords, keywordsBy } from '../../server/samples/keywords.ts';
import { exampleSize } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { ensureEspeak } from '../fixtures/espeak.ts';
import { gapOf } from '../sim/gap.ts';

const { data } = TEMPLATES.keywords;

beforeAll(() => expect(ensureEspeak()).toBeNull());

it('keywords: eight voices with forty words each close most of the gap to training in one place', async () => {
  const { before, after, trivial, central, closed } = await gapOf(
    '--task keywords --clients 8 --rounds 4 --partition people --seed 1',
  );
  // Voices that nobody has trained on; another version of espeak-ng speaks a little differently.
  expect(before).toBeCloseTo(0.0906, 1);
  expect(trivial).toBe(0.125);
  expect(central).toBeCloseTo(0.9375, 1);
  // The server seeds the shuffling of each round: 0.897 in the run that this was written by.
  expect(after).toBeGreaterThan(0.75);
  expect(closed).toBeGreaterThan(0.75);
});

describe('the voices', () => {
  it('say each word as often as the others, and the same every time', async () => {
    const [first, second] = await Promise.all(
      [keywordsBy(findEspeak), keywordsBy(findEspeak)].map(async (source) =>
        (await source.openTraining(data))?.read(Uint32Array.from({ length: 40 }, (_, at) => 40 + at)),
      ),
    );
    expect(first?.targets).toEqual(Uint16Array.from({ length: 40 }, (_, at) => at % 8));
    expect(first).toEqual(second);
    expect(first?.features.length).toBe(40 * exampleSize(formOf(data)));
  });

  it('are words of a third of a second or so, cut where they begin and end', async () => {
    const said = ['yes', 'stop', 'go'].map((word) => ({ word, speed: 1, pitch: 1 }));
    const words = await speak(findEspeak() ?? '', 'en-us+f1', said);
    expect(words).toHaveLength(3);
    for (const { rate, samples } of words) {
      expect(samples.length / rate).toBeGreaterThan(0.15);
      expect(samples.length / rate).toBeLessThan(0.8);
    }
  });

  it('that are scored on are 320 words', async () => {
    const held = await keywords.readHeldOut(data);
    expect(held?.targets.length).toBe(320);
  });
});
