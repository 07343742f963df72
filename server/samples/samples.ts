import { LIMITS } from '../../shared/limits.ts';
import { seededRng, shuffle } from '../../shared/rng.ts';
import type { SampleShard } from '../../shared/wire/samples.ts';
import type { AdminStore, TaskRow } from '../storage/port.ts';
import { type IdxFile, openIdx } from './idx.ts';
import { findMnist, type MnistFiles } from './mnist.ts';

/**
 * Sample examples for demos. Every task has its own order of the training images, seeded by its model's seed; each call
 * takes the next ones, so that callers get disjoint examples of the same distribution. The place in that order is
 * durable. When all were handed out it starts over from the front, and the shard says how many are reused.
 */
export interface Samples {
  /** At most `count` examples of the task's sample data, or null: the task has none, or it is not installed. */
  take(task: Pick<TaskRow, 'spec' | 'createdAt'>, count: number): Promise<SampleShard | null>;
  /** The package that has them is there. */
  isInstalled(): boolean;
  close(): Promise<void>;
}

interface Source {
  readonly images: IdxFile;
  readonly labels: IdxFile;
}

/** Reads in flight at once: enough to hide the disk, few enough to leave the thread pool to others. */
const READS_AT_ONCE = 16;
/** Orders in memory, 240 kB each; they are made again when needed. */
const ORDERS_KEPT = 8;

export function createSamples(
  settings: Pick<AdminStore, 'setting' | 'setSetting'>,
  find: () => MnistFiles | null = () => findMnist('train'),
): Samples {
  let source: Promise<Source | null> | undefined;
  const orders = new Map<number, Uint32Array>();
  const cursors = new Map<string, Promise<{ next: number }>>();

  async function openSource(): Promise<Source | null> {
    const files = find();
    if (files === null) return null;
    const [images, labels] = await Promise.all([openIdx(files.images), openIdx(files.labels)]);
    if (images.count !== labels.count || images.shape.length !== 2) throw new Error('sample images and labels differ');
    return { images, labels };
  }

  function orderOf(seed: number, count: number): Uint32Array {
    let order = orders.get(seed);
    if (order === undefined) {
      order = shuffle(
        Uint32Array.from({ length: count }, (_, index) => index),
        seededRng(seed, 0),
      );
      if (orders.size >= ORDERS_KEPT) orders.clear();
      orders.set(seed, order);
    }
    return order;
  }

  /** The next `count` places; durable before they are used, so that a restart does not hand them out again. */
  async function advance(key: string, count: number): Promise<number> {
    let cursor = cursors.get(key);
    if (cursor === undefined) {
      cursor = settings.setting(key).then((saved) => ({ next: Number(saved ?? 0) }));
      cursors.set(key, cursor);
    }
    const place = await cursor;
    const start = place.next;
    place.next += count;
    await settings.setSetting(key, String(place.next));
    return start;
  }

  return {
    async take({ spec, createdAt }, wanted) {
      if (spec.data.sample !== 'mnist') return null;
      source ??= openSource().catch((error: unknown) => {
        source = undefined;
        throw error;
      });
      const opened = await source;
      if (opened === null) return null;
      const { images, labels } = opened;
      const shape = [...images.shape, 1] as [number, number, number];
      if (shape.join() !== spec.data.shape.join()) return null;
      const count = Math.min(wanted, LIMITS.samplesPerRequestCount, images.count);
      const order = orderOf(spec.model.seed, images.count);
      const start = await advance(`samples/${spec.id}/${createdAt}`, count);
      const shard = {
        shape,
        classCount: spec.data.labels.length,
        labels: new Uint16Array(count),
        images: new Uint8Array(count * images.itemBytes),
        reusedCount: Math.min(count, Math.max(0, start + count - images.count)),
      };
      const label = new Uint8Array(count);
      for (let first = 0; first < count; first += READS_AT_ONCE) {
        const reads: Promise<void>[] = [];
        for (let at = first; at < Math.min(count, first + READS_AT_ONCE); at++) {
          const index = order[(start + at) % images.count] as number;
          reads.push(images.read(index, shard.images, at * images.itemBytes), labels.read(index, label, at));
        }
        await Promise.all(reads);
      }
      shard.labels.set(label);
      return shard;
    },
    isInstalled: () => find() !== null,
    async close() {
      const opened = await source?.catch(() => null);
      await Promise.all([opened?.images.close(), opened?.labels.close()]);
    },
  };
}
