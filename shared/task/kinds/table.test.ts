import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../limits.ts';
import { tableClasses, table as template } from '../templates/table.ts';
import { kindContract } from './kind.contract.ts';
import { decodeCells, encodeCells, encodeTarget, numberIn, type RowData, table } from './table.ts';

const { columns } = template.data;
kindContract(template.data, [
  ['data.columns', { columns: [] }],
  ['data.columns.0.type', { columns: [{ type: 'date', name: 'a' }] }],
  ['data.columns.0.deviation', { columns: [{ type: 'number', name: 'a', mean: 0, deviation: 0 }] }],
  ['data.columns.0.name', { columns: [{ type: 'number', name: ' ', mean: 0, deviation: 1 }] }],
  ['data.columns', { columns: [columns[0], columns[0]] }],
  ['data.columns', { target: { name: 'hour' } }],
  ['data.columns', { columns: [{ type: 'category', name: 'a', values: ['x', 'x'] }] }],
  ['data.target', { target: { name: 'minutes', mean: 3 } }],
  ['data.labels', { target: { name: 'minutes' }, labels: ['a', 'a'] }],
  ['data.target', { labels: ['a', 'b'] }],
]);
kindContract(tableClasses.data, [['data.labels', { labels: ['only one'] }]]);

const data: RowData = {
  kind: 'table',
  columns: [
    { type: 'number', name: 'km', mean: 6, deviation: 2 },
    { type: 'category', name: 'sky', values: ['dry', 'rain'] },
  ],
  target: { name: 'minutes', mean: 20, deviation: 10 },
};

describe('a row', () => {
  it('is its scaled numbers, and a one at the value of each category', () => {
    expect(table.form(data)).toEqual({
      shape: [3],
      features: { type: 'float32' },
      target: { type: 'number', offset: 20, scale: 10 },
    });
    expect(encodeCells(data, [' 10 ', 'rain'])).toEqual({ features: Float32Array.of(2, 0, 1), missing: 0 });
  });

  it.each([
    [[undefined, 'dry'], [0, 1, 0], 1],
    [['n/a', ''], [0, 0, 0], 2],
    [['8', 'fog'], [1, 0, 0], 1],
  ])('%j: what is missing or not known is the mean, or none of the values', (cells, features, missing) => {
    expect(encodeCells(data, cells)).toEqual({ features: Float32Array.from(features), missing });
  });

  it('with a cell that is no number says which', () => {
    expect(encodeCells(data, ['far', 'dry'])).toEqual({ notANumber: 'km' });
    expect(encodeCells(data, ['1e99', 'dry'])).toEqual({ notANumber: 'km' });
  });

  it('has a target, or says what is wrong with it', () => {
    expect([encodeTarget(data, '31.5'), encodeTarget(data, ''), encodeTarget(data, 'long')]).toEqual([
      31.5,
      'no-target',
      'not-a-number',
    ]);
    const classes = { labels: ['on time', 'late'] };
    expect(['late', ' on time', 'cancelled', 'NA'].map((cell) => encodeTarget(classes, cell))).toEqual([
      1,
      0,
      'unknown-label',
      'no-target',
    ]);
  });

  it('can be read again by people', () => {
    const encoded = encodeCells(data, ['7.3', 'dry']);
    if ('notANumber' in encoded) throw new Error(encoded.notANumber);
    expect(decodeCells(data, encoded.features)).toEqual(['7.3', 'dry']);
    expect(decodeCells(data, Float32Array.of(0, 0, 0))).toEqual(['6', undefined]);
  });
});

it('a number is what people write for one, and nothing else', () => {
  const written = ['5', '-2.5', '+.5', '1e3', '12 000', '1,000', '0x10', 'Infinity', '5 km', '1.2.3', '2e40'];
  expect(written.map(numberIn)).toEqual([5, -2.5, 0.5, 1000, 12_000, null, null, null, null, null, null]);
});

it('columns that make more inputs than are possible are refused', () => {
  const values = Array.from({ length: 200 }, (_, index) => String(index));
  const many = Array.from({ length: 30 }, (_, index) => ({ type: 'category' as const, name: `c${index}`, values }));
  const [problem] = table.problems({ ...data, columns: many });
  expect(problem).toEqual({
    path: 'data.columns',
    message: `make 6000 inputs; at most ${LIMITS.tableInputsCount} are possible`,
  });
});
