import { LIMITS } from '../../shared/limits.ts';
import { seededRng, shuffle } from '../../shared/rng.ts';
import type { TaskData } from '../../shared/task/kinds/index.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import type { SampleShard } from '../../shared/wire/samples.ts';
import type { AdminStore, TaskRow } from '../storage/port.ts';
import { SAMPLE_SOURCES, type SampleName, sourceOf } from './index.ts';
import type { SampleSource, TrainingSamples } from './source.ts';

/**
 * Sample examples for demos. Every task has its own order of the training examples, seeded by its model's seed; each call
 * takes the next ones, so that callers get disjoint examples of the same distribution; where the examples come from
 * people, each call takes those of the next person. The place in that order is durable and of all processes. When all were handed out it starts over from the front, and the shard says how many are reused.
 */
export interface Samples {
  /** At most `count` examples of the task's sample data, or null: the task has none, or it is not installed. */
  take(task: Pick<TaskRow, 'spec' | 'createdAt'>, count: number): Promise<SampleShard | null>;
  /** The task names sample data, and this machine has them. */
  has(data: TaskData): boolean;
  /** Those of the templates that this machine does not have. */
  absent(): readonly SampleName[];
  close(): Promise<void>;
}

const TEMPLATE_SAMPLES = [...new Set(Object.values(TEMPLATES).flatMap(({ data }) => data.sample ?? []))];

/** Orders in memory, 240 kB each; they are made again when needed. */
const ORDERS_KEPT = 8;

export function createSamples(
  counts: Pick<AdminStore, 'advance'>,
  sources: Readonly<Record<SampleName, SampleSource>> = SAMPLE_SOURCES,
): Samples {
  const opened = new Map<string, Promise<TrainingSamples | null>>();
  const orders = new Map<string, Uint32Array>();

  /** One for all tasks whose data are the same. */
  function trainingOf(data: TaskData): Promise<TrainingSamples | null> {
    const key = JSON.stringify(data);
    const known = opened.get(key);
    if (known !== undefined) return known;
    const training = Promise.resolve(sourceOf(data, sources)?.openTraining(data) ?? null);
    opened.set(key, training);
    training.catch(() => opened.delete(key));
    return training;
  }

  function orderOf(seed: number, count: number): Uint32Array {
    const key = `${seed} ${count}`;
    let order = orders.get(key);
    if (order === undefined) {
      order = shuffle(
        Uint32Array.from({ length: count }, (_, index) => index),
        seededRng(seed, 0),
      );
      if (orders.size >= ORDERS_KEPT) orders.clear();
      orders.set(key, order);
    }
    return order;
  }

  /** The next person, or as many of the examples of that one as are wanted. */
  async function takePerson(training: TrainingSamples, perPerson: number, seed: number, key: string, count: number) {
    const people = training.count / perPerson;
    const order = orderOf(seed, people);
    const turn = await counts.advance(key, 1);
    const first = (order[turn % people] as number) * perPerson;
    const indices = Uint32Array.from({ length: count }, (_, at) => first + at);
    return { ...(await training.read(indices)), reusedCount: turn < people ? 0 : count };
  }

  return {
    async take({ spec, createdAt }, wanted) {
      const training = await trainingOf(spec.data);
      if (training === null) return null;
      const key = `samples/${spec.id}/${createdAt}`;
      const count = Math.min(wanted, LIMITS.samplesPerRequestCount, training.perPerson ?? training.count);
      if (training.perPerson !== undefined)
        return takePerson(training, training.perPerson, spec.model.seed, key, count);
      const order = orderOf(spec.model.seed, training.count);
      const start = await counts.advance(key, count);
      const indices = Uint32Array.from({ length: count }, (_, at) => order[(start + at) % training.count] as number);
      const reusedCount = Math.min(count, Math.max(0, start + count - training.count));
      return { ...(await training.read(indices)), reusedCount };
    },
    has: (data) => sourceOf(data, sources)?.isInstalled() ?? false,
    absent: () => TEMPLATE_SAMPLES.filter((name) => !sources[name].isInstalled()),
    async close() {
      const all = await Promise.all([...opened.values()].map((training) => training.catch(() => null)));
      await Promise.all(all.map((training) => training?.close()));
    },
  };
}
