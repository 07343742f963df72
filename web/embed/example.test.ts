import { describe, expect, it } from 'vitest';
import { wordNumbers } from '../../shared/task/kinds/words.ts';
import { keywords } from '../../shared/task/templates/keywords.ts';
import { movies } from '../../shared/task/templates/movies.ts';
import { nextCharacter } from '../../shared/task/templates/next-character.ts';
import { table } from '../../shared/task/templates/table.ts';
import { text } from '../../shared/task/templates/text.ts';
import { columnsOfExamples, type Example } from './example.ts';

const data = { kind: 'image', shape: [2, 2, 1], labels: ['cat', 'dog', '7'] } as const;
const read = (...examples: unknown[]) =>
  columnsOfExamples(examples as Example[], { ...data, shape: [...data.shape], labels: [...data.labels] });

it('takes numbers in any list, and labels by name or by index', async () => {
  const answer = await read(
    { image: [0, 1, 2, 255], label: 'dog' },
    { image: Uint8Array.of(9, 8, 7, 6), label: 0 },
    { image: Float32Array.of(1, 1, 1, 1), label: '7' },
  );
  expect(answer).toEqual({
    ok: true,
    columns: {
      features: Uint8Array.of(0, 1, 2, 255, 9, 8, 7, 6, 1, 1, 1, 1),
      targets: Uint16Array.of(1, 0, 2),
    },
  });
});

describe('rows', () => {
  const rows = (...examples: unknown[]) => columnsOfExamples(examples as Example[], structuredClone(table.data));
  const row = { distance_km: 10.8, hour: '14', day: 'workday', weather: null, vehicle: 'tram', minutes: '31.5' };

  it('take cells by the names of their columns, as text or numbers, and none where there is none', async () => {
    const answer = await rows({ row }, { row: { minutes: 7 } });
    expect(answer.ok && [...answer.columns.targets]).toEqual([31.5, 7]);
    const features = answer.ok ? [...answer.columns.features] : [];
    expect(features[0]).toBeCloseTo(1, 6);
    expect(features.slice(1, 11)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(features.slice(11)).toEqual(new Array(11).fill(0));
  });

  it.each([
    ['a picture', { image: [1], label: 'x' }, '{ row: { column: cell } }'],
    ['no row', { row: null }, '{ row: { column: cell } }'],
    ['no number', { row: { ...row, hour: 'noon' } }, 'hour is not a number'],
    ['no target', { row: { ...row, minutes: null } }, 'minutes is missing'],
    ['a cell of the prototype', { row: Object.create(row) }, 'minutes is missing'],
  ])('refuse %s, and say which', async (_, example, words) => {
    const answer = await rows({ row }, example);
    expect(answer).toMatchObject({ ok: false, reason: 'bad-examples' });
    expect(answer.ok || answer.message).toContain(`Example 1: `);
    expect(answer.ok || answer.message).toContain(words);
  });
});

describe('texts', () => {
  const texts = (...examples: unknown[]) => columnsOfExamples(examples as Example[], structuredClone(text.data));
  const good = { text: 'a small bird', label: 'animal' };

  it('take a label by name or by index', async () => {
    expect(await texts(good, { text: 'warm bread', label: 2 })).toEqual({
      ok: true,
      columns: {
        features: Int32Array.from(
          ['a small bird', 'warm bread'].flatMap((one) => [...(wordNumbers(one, text.data) ?? [])]),
        ),
        targets: Uint16Array.of(0, 2),
      },
    });
  });

  it.each([
    ['a picture', { image: [1], label: 'animal' }, '{ text, label }'],
    ['no label', { text: 'a bird' }, 'none of the labels'],
    ['no word', { text: '…', label: 'animal' }, 'no word'],
  ])('refuse %s, and say which', async (_, example, words) => {
    const answer = await texts(good, example);
    expect(answer.ok || answer.message).toContain('Example 1: ');
    expect(answer.ok || answer.message).toContain(words);
  });

  it('of characters become an example for each place, one text after the other', async () => {
    const read = (...examples: unknown[]) =>
      columnsOfExamples(examples as Example[], { ...nextCharacter.data, length: 2 });
    expect(await read({ text: 'abc' }, { text: 'ba' })).toEqual({
      ok: true,
      columns: { features: Int32Array.of(0, 1, 1, 2, 0, 2), targets: Uint16Array.of(1, 2, 0) },
    });
    expect(await read({ text: 'abc' }, { text: 'a' })).toMatchObject({ ok: false, reason: 'bad-examples' });
    expect(await read({ label: 'a' })).toMatchObject({ ok: false });
  });
});

describe('sounds', () => {
  const sounds = (...examples: unknown[]) => columnsOfExamples(examples as Example[], structuredClone(keywords.data));
  const samples = Array.from({ length: 8_000 }, (_, at) => 0.4 * Math.sin(at / 3));
  const sound = { sampleRate: 16_000, samples };

  it('become what the model sees of them', async () => {
    const answer = await sounds({ sound, label: 'no' }, { sound, label: 7 });
    expect(answer.ok && [...answer.columns.targets]).toEqual([1, 7]);
    expect(answer.ok && answer.columns.features.length).toBe(2 * 49 * 32);
    expect(answer.ok && Math.max(...answer.columns.features)).toBe(255);
  });

  it.each([
    ['a picture', { image: [1], label: 'no' }, '{ sound: { sampleRate, samples }, label }'],
    ['a label of another task', { sound, label: 'perhaps' }, 'none of the labels'],
    ['no rate', { sound: { samples }, label: 'no' }, 'sampleRate is from 8000 to 192000'],
    ['no samples', { sound: { sampleRate: 16_000 }, label: 'no' }, 'of 60 seconds at most'],
    ['whole numbers', { sound: { sampleRate: 16_000, samples: [0, 8_000] }, label: 'no' }, 'from -1 to 1'],
    ['silence', { sound: { ...sound, samples: new Float32Array(16_000) }, label: 'no' }, 'the sound is silent'],
  ])('are refused where it is %s, and say which', async (_, example, words) => {
    const answer = await sounds({ sound, label: 'no' }, example);
    expect(answer).toMatchObject({ ok: false, reason: 'bad-examples' });
    expect(answer.ok || answer.message).toContain('Example 1: ');
    expect(answer.ok || answer.message).toContain(words);
  });
});

it('makes pictures into what the model sees', async () => {
  const pixel = (grey: number) => [grey, grey, grey, 255];
  const picture = { width: 2, height: 2, data: [0, 255, 255, 0].flatMap(pixel) };
  const answer = await read({ image: picture, label: 'cat' });
  expect(answer.ok && [...answer.columns.features]).toEqual([0, 255, 255, 0]);
});

it.each([
  ['another length', { image: [1, 2, 3], label: 'cat' }, '2 × 2 × 1 values, not 3'],
  ['no image', { label: 'cat' }, '{ image, label }'],
  ['shares of one', { image: [0.1, 0.5, 0.2, 1], label: 'cat' }, 'whole numbers from 0 to 255'],
  ['too large', { image: [0, 1, 2, 256], label: 'cat' }, 'whole numbers from 0 to 255'],
  ['no number', { image: [0, 1, 2, 'x'], label: 'cat' }, 'whole numbers from 0 to 255'],
  ['another label', { image: [0, 1, 2, 3], label: 'cow' }, '"cow" is none of the labels cat, dog, 7'],
  ['an index beyond', { image: [0, 1, 2, 3], label: 3 }, 'none of the labels'],
  ['half an index', { image: [0, 1, 2, 3], label: 0.5 }, 'none of the labels'],
  ['a picture of another size than it says', { image: { width: 3, height: 2, data: [0] }, label: 0 }, 'empty'],
])('refuses %s, and says which', async (_, example, words) => {
  const good = { image: [1, 2, 3, 4], label: 'cat' };
  const answer = await read(good, example);
  expect(answer).toMatchObject({ ok: false, reason: 'bad-examples' });
  expect(answer.ok || answer.message).toMatch(/^Example 1: /);
  expect(answer.ok || answer.message).toContain(words);
});

describe('ratings', () => {
  const rated = (...examples: unknown[]) => columnsOfExamples(examples as Example[], structuredClone(movies.data));

  it('are the places of their titles, and numbers on the scale', async () => {
    expect(await rated({ title: 'the glass comet', rating: 4.5 }, { title: 'A Borrowed Violet', rating: 1 })).toEqual({
      ok: true,
      columns: { features: Int32Array.of(3, 23), targets: Float32Array.of(4.5, 1) },
    });
  });

  it.each([
    ['a text', { text: 'good' }, '{ title, rating }'],
    ['a title of another task', { title: 'Nothing', rating: 3 }, 'none of the titles'],
    ['a rating that is too high', { title: 'The Glass Comet', rating: 6 }, 'from 0.5 to 5'],
  ])('refuse %s', async (_, example, words) => {
    const answer = await rated(example);
    expect(!answer.ok && answer.message).toContain(words);
  });
});
