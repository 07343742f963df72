import { LIMITS } from '../../../shared/limits.ts';

/**
 * Rows of a CSV file (RFC 4180), fed piece by piece: quoted cells with quotes doubled, line ends of every system, a
 * byte order mark, and a comma, semicolon or tab between the cells, whichever the first line has most of. Holds one row.
 */
export interface CsvReader {
  /** The rows that are complete by now; a line that never ends is `too-long`. */
  push(text: string): readonly string[][] | 'too-long';
  /** The last row, where it has no line end. */
  end(): readonly string[][];
}

const SEPARATORS = [',', ';', '\t'] as const;
const BYTE_ORDER_MARK = '\ufeff';

export function csvReader(): CsvReader {
  let separator: string | null = null;
  /** What came before the first line end is kept until the separator is known. */
  let held = '';
  let row: string[] = [];
  let cell = '';
  let place: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  let length = 0;
  let isAfterReturn = false;

  function endCell(): void {
    row.push(cell);
    cell = '';
    place = 'start';
  }
  function endRow(rows: string[][]): void {
    endCell();
    // A line with nothing on it is no row.
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
    length = 0;
  }

  function read(text: string): readonly string[][] | 'too-long' {
    const rows: string[][] = [];
    for (const character of text) {
      if (isAfterReturn && character === '\n') {
        isAfterReturn = false;
        continue;
      }
      isAfterReturn = false;
      length += 1;
      if (length > LIMITS.tableLineCharacters) return 'too-long';
      if (place === 'quoted') {
        if (character === '"') place = 'quote';
        else cell += character;
      } else if (character === '"' && place !== 'plain') {
        // Doubled inside a quoted cell it is one of its characters.
        if (place === 'quote') cell += character;
        place = 'quoted';
      } else if (character === separator) endCell();
      else if (character === '\n' || character === '\r') {
        endRow(rows);
        isAfterReturn = character === '\r';
      } else {
        cell += character;
        place = 'plain';
      }
    }
    return rows;
  }

  return {
    push(text) {
      if (separator !== null) return read(text);
      held += text;
      if (!/[\r\n]/.test(text)) return held.length > LIMITS.tableLineCharacters ? 'too-long' : [];
      separator = separatorOf(held.slice(0, held.search(/[\r\n]/)));
      return read(held.replace(BYTE_ORDER_MARK, ''));
    },
    end() {
      const rows: string[][] = [];
      if (separator === null) {
        separator = separatorOf(held);
        const read_ = read(held.replace(BYTE_ORDER_MARK, ''));
        if (read_ !== 'too-long') rows.push(...read_);
      }
      if (length > 0) endRow(rows);
      return rows;
    },
  };
}

function separatorOf(line: string): string {
  const bare = line.replace(/"[^"]*"/g, '');
  const count = (separator: string): number => bare.split(separator).length;
  return SEPARATORS.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}
