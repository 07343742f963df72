import { LIMITS } from '../../../shared/limits.ts';
import type { CsvReader } from './csv.ts';

/** The lines of a plain text, each a row of one cell; those with nothing on them are none. Fed piece by piece. */
export function lineReader(): CsvReader {
  let line = '';
  return {
    push(text) {
      const lines = (line + text).replace(/\r\n?/g, '\n').split('\n');
      line = lines.pop() ?? '';
      return line.length > LIMITS.tableLineCharacters ? 'too-long' : rowsOf(lines);
    },
    end: () => rowsOf([line]),
  };
}

const rowsOf = (lines: readonly string[]): string[][] =>
  lines.map((line) => line.replace('\ufeff', '').trim()).flatMap((line) => (line === '' ? [] : [[line]]));
