import { expect, test } from 'vitest';
import { median, medianBetween, megabytes, milliseconds, seconds, tableOf, whole } from './table.ts';

test('a table is Markdown with figures to the right and words to the left', () => {
  const rows = [
    ['peak memory', '398 MB'],
    ['rounds', '3'],
  ];
  expect(tableOf(['figure', 'value'], rows)).toBe(
    [
      '| figure      |  value |',
      '| ----------- | -----: |',
      '| peak memory | 398 MB |',
      '| rounds      |      3 |',
    ].join('\n'),
  );
});

test('a row that is too short is filled up, and narrow columns are wide enough for the rule', () => {
  expect(tableOf(['a', 'b'], [['x']])).toBe(['| a   | b   |', '| --- | --- |', '| x   |     |'].join('\n'));
  expect(tableOf(['a'], [])).toBe('| a   |\n| --- |');
});

test('a column with one word in it is no column of figures; a dash stands for a figure', () => {
  expect(tableOf(['a'], [['1'], ['no']]).split('\n')[1]).toBe('| --- |');
  expect(tableOf(['a'], [['1'], ['–']]).split('\n')[1]).toBe('| --: |');
});

test('the median, by value and not by spelling', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test('where the median lies in 95 of 100 cases, by rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(medianBetween(hundred)).toEqual([41, 60]);
  expect(medianBetween([6, 1, 5, 2, 4, 3])).toEqual([1, 6]);
  expect(medianBetween([1, 2, 3, 4, 5])).toEqual([Number.NaN, Number.NaN]);
});

test('figures carry their unit', () => {
  expect(whole(1_000_120.4)).toBe('1,000,120');
  expect(megabytes(4_000_480)).toBe('4 MB');
  expect(megabytes(4_000_480, 2)).toBe('4.00 MB');
  expect(milliseconds(12.34, 1)).toBe('12.3 ms');
  expect(seconds(12_340)).toBe('12.3 s');
});
