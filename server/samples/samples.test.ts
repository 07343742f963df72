import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import type { SampleShard } from '../../shared/wire/samples.ts';
import { memoryStorage } from '../storage/memory/memory.ts';
import { findFashion } from './fashion.ts';
import { openIdx } from './idx.ts';
import { idxSource } from './idx-source.ts';
import { SAMPLE_SOURCES } from './index.ts';
import { mnist } from './mnist.ts';
import { createSamples, type Samples } from './samples.ts';
import type { SampleSource } from './source.ts';

const TOTAL = 25;

/** Images of 28 × 28 whose every pixel is the image's number; its label is the number modulo ten. */
function writeImages(): { images: string; labels: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-samples-'));
  const files = { images: join(folder, 'images'), labels: join(folder, 'labels') };
  const imagesHeader = Buffer.from([0, 0, 8, 3, 0, 0, 0, TOTAL, 0, 0, 0, 28, 0, 0, 0, 28]);
  const images = Buffer.alloc(TOTAL * 784);
  for (let index = 0; index < TOTAL; index++) images.fill(index, index * 784, (index + 1) * 784);
  writeFileSync(files.images, Buffer.concat([imagesHeader, images]));
  const labels = Buffer.from(Array.from({ length: TOTAL }, (_, index) => index % 10));
  writeFileSync(files.labels, Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, TOTAL]), labels]));
  return files;
}

type Counts = Parameters<typeof createSamples>[0];

const sourcesOf = (source: SampleSource) => ({ ...SAMPLE_SOURCES, mnist: source });

const opened: Samples[] = [];
function openSamples(counts: Counts = memoryStorage().admin): Samples {
  const files = writeImages();
  const samples = createSamples(counts, sourcesOf(idxSource(() => files)));
  opened.push(samples);
  return samples;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((samples) => samples.close()));
});

const task = { spec: TEMPLATES.digits, createdAt: 1 };
const numbersOf = (shard: SampleShard | null): number[] => {
  if (shard === null) throw new Error('no samples');
  const numbers = Array.from(shard.targets, (_, at) => shard.features[at * 784] as number);
  numbers.forEach((number, at) => {
    expect(shard.targets[at]).toBe(number % 10);
    expect(new Set(shard.features.subarray(at * 784, (at + 1) * 784))).toEqual(new Set([number]));
  });
  return numbers;
};

describe('samples', () => {
  test('are disjoint, also between calls at once, until used up; then they start over and say so', async () => {
    const samples = openSamples();
    const shards = await Promise.all([samples.take(task, 10), samples.take(task, 10), samples.take(task, 10)]);
    const numbers = shards.flatMap(numbersOf);
    expect(new Set(numbers.slice(0, TOTAL)).size).toBe(TOTAL);
    expect(numbers.slice(TOTAL)).toEqual(numbers.slice(0, 5));
    expect(shards.map((shard) => shard?.reusedCount)).toEqual([0, 0, 5]);
    expect((await samples.take(task, 3))?.reusedCount).toBe(3);
  });

  test('come in the same order for the same seed, in another for another', async () => {
    const other = { ...task, spec: { ...task.spec, model: { zoo: 'mlp-2nn' as const, seed: 2 } } };
    const first = numbersOf(await openSamples().take(task, TOTAL));
    expect(numbersOf(await openSamples().take(task, TOTAL))).toEqual(first);
    expect(numbersOf(await openSamples().take(other, TOTAL))).not.toEqual(first);
    expect(first).not.toEqual(first.toSorted((a, b) => a - b));
  });

  test('go on after a restart, and from the front for a new task of the same name', async () => {
    const counts = memoryStorage().admin;
    const before = numbersOf(await openSamples(counts).take(task, 10));
    const after = numbersOf(await openSamples(counts).take(task, 10));
    expect(new Set([...before, ...after]).size).toBe(20);
    expect(numbersOf(await openSamples(counts).take({ ...task, createdAt: 2 }, 10))).toEqual(before);
  });

  test('are never more than there are', async () => {
    expect(numbersOf(await openSamples().take(task, 6_000))).toHaveLength(TOTAL);
  });

  test('are null where the task has none, has other shapes, or the package is not installed', async () => {
    const { sample, ...data } = task.spec.data;
    expect(sample).toBe('mnist');
    expect(await openSamples().take({ ...task, spec: { ...task.spec, data } }, 1)).toBe(null);
    const large = { ...task.spec, data: { ...task.spec.data, shape: [32, 32, 1] } };
    expect(await openSamples().take({ ...task, spec: large }, 1)).toBe(null);
    const absent = createSamples(memoryStorage().admin, sourcesOf(idxSource(() => null)));
    expect(await absent.take(task, 1)).toBe(null);
    expect([absent.has(task.spec.data), openSamples().has(task.spec.data)]).toEqual([false, true]);
    expect(absent.absent()).toContain('mnist');
    expect(openSamples().absent()).not.toContain('mnist');
  });
});

describe('samples of people', () => {
  /** Of five people, five images each; `writeImages` has them one after the other. */
  const people = (counts: Counts): Samples => {
    const files = writeImages();
    const source = idxSource(() => files);
    const openTraining: SampleSource['openTraining'] = async (data) => {
      const training = await source.openTraining(data);
      return training && { ...training, perPerson: 5 };
    };
    const samples = createSamples(counts, sourcesOf({ ...source, openTraining }));
    opened.push(samples);
    return samples;
  };

  test('are one person for each call, until there is nobody left; then they start over and say so', async () => {
    const counts = memoryStorage().admin;
    const shards = [];
    for (let call = 0; call < 4; call++) shards.push(await people(counts).take(task, 600));
    for (let call = 0; call < 2; call++) shards.push(await people(counts).take(task, 2));
    const numbers = shards.map(numbersOf);
    const firsts = numbers.map(([first = 0]) => first);
    expect(numbers.map((own) => own.length)).toEqual([5, 5, 5, 5, 2, 2]);
    expect(numbers.every((own) => own.every((number, at) => number === (own[0] ?? 0) + at))).toBe(true);
    expect(firsts.slice(0, 5).toSorted((a, b) => a - b)).toEqual([0, 5, 10, 15, 20]);
    expect(firsts[5]).toBe(firsts[0]);
    expect(shards.map((shard) => shard?.reusedCount)).toEqual([0, 0, 0, 0, 0, 2]);
  });
});

describe('the installed data', () => {
  test('60,000 + 10,000 digits of 28 × 28', async () => {
    const training = await mnist.openTraining(TEMPLATES.digits.data);
    expect(training?.count).toBe(60_000);
    await training?.close();
    const held = await mnist.readHeldOut(TEMPLATES.digits.data);
    expect(held?.features.length).toBe(10_000 * 784);
    // The first digits of the test set, as on the page that published them.
    expect([...(held?.targets.subarray(0, 5) ?? [])]).toEqual([7, 2, 1, 0, 4]);
  });
});

describe('packed files, as Debian has Fashion-MNIST', () => {
  /** A folder with the names of the package and the images of `writeImages`. */
  function writePacked(): string {
    const files = writeImages();
    const folder = mkdtempSync(join(tmpdir(), 'fedtab-packed-'));
    for (const part of ['train', 't10k']) {
      writeFileSync(join(folder, `${part}-images-idx3-ubyte.gz`), gzipSync(readFileSync(files.images)));
      writeFileSync(join(folder, `${part}-labels-idx1-ubyte.gz`), gzipSync(readFileSync(files.labels)));
    }
    return folder;
  }
  const unpacked = () => readdirSync(tmpdir()).filter((name) => name.startsWith('fedtab-idx-')).length;

  test('are read as if they were not packed, and leave nothing behind', async () => {
    const folder = writePacked();
    const before = unpacked();
    const source = idxSource((part) => findFashion(part, folder));
    const training = await source.openTraining(TEMPLATES.fashion.data);
    const columns = await training?.read(Uint32Array.of(24, 3));
    expect([columns?.features[0], columns?.features[784], ...(columns?.targets ?? [])]).toEqual([24, 3, 4, 3]);
    expect((await training?.readAll())?.targets.length).toBe(TOTAL);
    await training?.close();
    expect((await source.readHeldOut(TEMPLATES.fashion.data))?.features.length).toBe(TOTAL * 784);
    expect(unpacked()).toBe(before);
  });

  test('are none where the package is not installed, and rejected where they are damaged', async () => {
    expect(findFashion('train', '/nowhere')).toBeNull();
    const folder = writePacked();
    writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), 'not packed');
    const source = idxSource((part) => findFashion(part, folder));
    await expect(source.openTraining(TEMPLATES.fashion.data)).rejects.toThrow();
  });

  test('are no samples for a task of fewer labels', async () => {
    const data = { ...TEMPLATES.fashion.data, labels: ['top', 'shoe'] };
    expect(await idxSource((part) => findFashion(part, writePacked())).openTraining(data)).toBeNull();
  });
});

describe('openIdx refuses', () => {
  const write = (...bytes: number[]): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'fedtab-idx-')), 'file');
    writeFileSync(path, Buffer.from(bytes));
    return path;
  };
  test.each([
    ['an empty file', write()],
    ['floats', write(0, 0, 0x0d, 1, 0, 0, 0, 0)],
    ['no dimensions', write(0, 0, 8, 0)],
    ['a file that is cut off', write(0, 0, 8, 1, 0, 0, 0, 3, 1, 2)],
    ['a file that goes on', write(0, 0, 8, 1, 0, 0, 0, 1, 1, 2)],
  ])('%s', async (_, path) => {
    await expect(openIdx(path)).rejects.toThrow();
  });
});
