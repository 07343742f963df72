import { describe, expect, it } from 'vitest';
import { movies } from '../templates/movies.ts';
import { kindContract } from './kind.contract.ts';
import { choicesOf, itemFinder, itemsWith, ratingIn, ratings } from './ratings.ts';

kindContract(movies.data, [
  ['data.items', { items: ['one'] }],
  ['data.items', { items: ['One film', 'one  FILM'] }],
  ['data.scale', { scale: { minimum: 5, maximum: 1, step: 1 } }],
  ['data.scale', { scale: { minimum: 1, maximum: 5, step: 3 } }],
  ['data.scale', { scale: { minimum: 0, maximum: 1000, step: 1 } }],
  ['data.scale.step', { scale: { minimum: 1, maximum: 5, step: 0 } }],
  ['data.ridge', { ridge: 0 }],
  ['data.sample', { sample: 'trips' }],
]);

const data = {
  kind: 'ratings' as const,
  items: ['The Glass Comet', 'Comet', 'A Borrowed Winter'],
  scale: { minimum: 0.5, maximum: 2, step: 0.5 },
  ridge: 1,
};

describe('ratings', () => {
  it('are the index of a title and a number, scaled to −1 … 1', () => {
    expect(ratings.form(data)).toEqual({
      shape: [1],
      features: { type: 'int32', below: 3 },
      target: { type: 'number', offset: 1.25, scale: 0.75 },
      taste: { ridge: 1 },
    });
  });

  it('have a list of choices', () => {
    expect(choicesOf(data.scale)).toEqual([0.5, 1, 1.5, 2]);
    expect(choicesOf({ minimum: 0, maximum: 0.3, step: 0.1 })).toEqual([0, 0.1, 0.2, 0.3]);
  });

  it('find titles whatever their case and spaces', () => {
    const find = itemFinder(data);
    expect([' the glass  COMET', 'Comets', ''].map(find)).toEqual([0, -1, -1]);
    expect(itemsWith(data, 'comet')).toEqual([1, 0]);
    expect(itemsWith(data, '')).toEqual([0, 1, 2]);
    expect(itemsWith(data, 'x')).toEqual([]);
  });

  it.each([
    ['1.5', 1.5],
    ['2.5', 'off-scale'],
    ['good', 'not-a-number'],
    [' ', 'no-target'],
    [undefined, 'no-target'],
  ])('reads %s as %s', (cell, read) => {
    expect(ratingIn(data.scale, cell)).toBe(read);
  });
});
