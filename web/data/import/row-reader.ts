import type { FeatureValues } from '../../../shared/task/kinds/form.ts';
import { itemFinder, type RatingData, ratingIn } from '../../../shared/task/kinds/ratings.ts';
import {
  type Cells,
  encodeCells,
  encodeTarget,
  type RowData,
  type RowProblem,
} from '../../../shared/task/kinds/table.ts';
import type { TextData } from '../../../shared/task/kinds/text.ts';
import { wordNumbers } from '../../../shared/task/kinds/words.ts';

/** What was found wrong with a row of a file; it is left out. */
export type LeftOut = RowProblem | 'no-words' | 'unknown-title' | 'off-scale';

export interface ReadRow {
  readonly features: FeatureValues;
  readonly target: number;
  /** Cells that were empty, or a value that the task does not know. */
  readonly missing: number;
}

/** How the rows of a file become examples of a task. */
export interface RowReader {
  /** What its columns are to be; last the one that is to be learned. */
  readonly names: readonly string[];
  readonly read: (cells: Cells, target: string | undefined) => ReadRow | LeftOut;
}

export const tableRows = (data: RowData): RowReader => ({
  names: [...data.columns.map(({ name }) => name), data.target.name],
  read(cells, cell) {
    const target = encodeTarget(data, cell);
    if (typeof target !== 'number') return target;
    const encoded = encodeCells(data, cells);
    return 'notANumber' in encoded ? 'not-a-number' : { ...encoded, target };
  },
});

/** `onRead` hears each text that became an example. */
export const textRows = (data: TextData, onRead: (text: string, features: Int32Array) => void): RowReader => ({
  names: ['text', 'label'],
  read([text = ''], cell) {
    const target = encodeTarget(data, cell);
    if (typeof target !== 'number') return target;
    const features = wordNumbers(text, data);
    if (features === null) return 'no-words';
    onRead(text, features);
    return { features, target, missing: 0 };
  },
});

export function ratingRows(data: RatingData): RowReader {
  const find = itemFinder(data);
  return {
    names: ['title', 'rating'],
    read([title = ''], cell) {
      const item = find(title);
      if (item < 0) return 'unknown-title';
      const target = ratingIn(data.scale, cell);
      return typeof target === 'number' ? { features: Int32Array.of(item), target, missing: 0 } : target;
    },
  };
}
