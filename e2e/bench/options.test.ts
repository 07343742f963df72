import { expect, test } from 'vitest';
import { chosenOf, readOptions } from './options.ts';

const benches = { round: { isQuick: false }, fold: { isQuick: true }, startup: { isQuick: true } };

test('without a name all quick ones run, three times', () => {
  expect(readOptions([], benches)).toEqual({
    ...{ names: ['fold', 'startup'], runs: 3 },
    ...{ models: null, backends: null, rows: null },
  });
});

test('named ones run in the order of their names, each once', () => {
  expect(readOptions(['startup', 'round', 'startup', '--runs', '5'], benches)).toEqual({
    names: ['startup', 'round'],
    runs: 5,
    models: null,
    backends: null,
    rows: null,
  });
});

test('models, backends and rows are lists, and are taken in the order of the table', () => {
  const options = readOptions(
    ['round', '--models', 'cnn,text', '--backends', 'webgl', '--rows', 'Krum 5,median'],
    benches,
  );
  expect(options).toMatchObject({ models: ['cnn', 'text'], backends: ['webgl'], rows: ['Krum 5', 'median'] });
  expect(chosenOf(['text', 'table', 'cnn'], ['cnn', 'text'])).toEqual(['text', 'cnn']);
  expect(chosenOf(['text', 'cnn'], null)).toEqual(['text', 'cnn']);
  expect(() => chosenOf(['text', 'cnn'], ['text', 'rnn'])).toThrow('there is no rnn: text, cnn');
});

test.each([
  [['other'], 'there is no benchmark other: round, fold, startup'],
  [['toString'], 'there is no benchmark toString: round, fold, startup'],
  [['--runs', '0'], '--runs takes a whole number from 1 to 100'],
  [['--runs', '1.5'], '--runs takes a whole number from 1 to 100'],
  [['--runs', 'many'], '--runs takes a whole number from 1 to 100'],
])('%j is refused', (args, problem) => {
  expect(readOptions(args, benches)).toEqual({ problem });
});

test('an unknown flag is refused, help is given', () => {
  expect(readOptions(['--fast'], benches)).toHaveProperty('problem');
  expect(readOptions(['--help', 'round'], benches)).toBe('help');
});
