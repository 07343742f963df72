import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../shared/limits.ts';
import { csvReader } from './csv.ts';

/** The whole text in pieces of `size`. */
function rowsOf(text: string, size = text.length || 1): string[][] {
  const reader = csvReader();
  const rows: string[][] = [];
  for (let at = 0; at < text.length; at += size) {
    const read = reader.push(text.slice(at, at + size));
    if (read === 'too-long') throw new Error(read);
    rows.push(...read);
  }
  return [...rows, ...reader.end()];
}

describe('a CSV file', () => {
  test.each([
    [
      'cells and lines',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['line ends of every system', 'a\r\nb\rc\nd', [['a'], ['b'], ['c'], ['d']]],
    [
      'empty cells, and lines with nothing on them',
      'a,b\n\n,\n1,\n',
      [
        ['a', 'b'],
        ['', ''],
        ['1', ''],
      ],
    ],
    [
      'quotes',
      '"a,1","b""x"\n"two\nlines",3',
      [
        ['a,1', 'b"x'],
        ['two\nlines', '3'],
      ],
    ],
    ['a quote inside a plain cell', 'a 5" pipe,b\n', [['a 5" pipe', 'b']]],
    [
      'semicolons',
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1\t2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['a byte order mark', '\ufeffa,b\n', [['a', 'b']]],
    ['one line alone', 'a,b', [['a', 'b']]],
    ['nothing', '', []],
    ['a quote that is never closed', 'a\n"b', [['a'], ['b']]],
  ])('with %s', (_, text, rows) => {
    for (const size of [1, 2, 3, 1000]) expect(rowsOf(text, size)).toEqual(rows);
  });

  test('comes back as it was written, wherever it is cut', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', ';', '\n', '\r', ' ', '1', '😀') });
    const table = fc
      .array(fc.tuple(fc.constant('x'), cell, cell), { minLength: 1 })
      .map((rows) => [['head', 'b', 'c'], ...rows]);
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 9 }), (rows, size) => {
        const text = rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        expect(rowsOf(text, size)).toEqual(rows);
      }),
    );
  });

  test('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ';', '\t', '\ufeff') }), (text) => {
        expect(Array.isArray(rowsOf(text, 2))).toBe(true);
      }),
    );
  });

  test('without line ends is not read for ever', () => {
    const reader = csvReader();
    const piece = 'a'.repeat(LIMITS.tableLineCharacters / 2);
    expect(reader.push(piece)).toEqual([]);
    expect(reader.push(piece)).toEqual([]);
    expect(reader.push('a')).toBe('too-long');
    const quoted = csvReader();
    quoted.push('a\n"');
    expect([quoted.push(piece), quoted.push(piece)]).toEqual([[], 'too-long']);
  });
});
