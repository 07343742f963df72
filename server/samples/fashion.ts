import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type IdxPaths, idxSource } from './idx-source.ts';

/** Where Debian's package `dataset-fashion-mnist` puts its files. */
const FOLDER = '/usr/share/datasets/fashion-mnist';

/** Fashion-MNIST as Debian has it, or null where the package is not installed. */
export function findFashion(part: 'train' | 't10k', folder = FOLDER): IdxPaths | null {
  const paths = {
    images: join(folder, `${part}-images-idx3-ubyte.gz`),
    labels: join(folder, `${part}-labels-idx1-ubyte.gz`),
  };
  return existsSync(paths.images) && existsSync(paths.labels) ? paths : null;
}

export const fashion = idxSource(findFashion);
