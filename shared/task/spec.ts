import * as v from 'valibot';
import { CODEC_NAMES } from '../codec/index.ts';
import { isSha256, isTaskId, type Sha256, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { topologySchema } from '../model/topology.ts';
import { ZOO_NAMES } from '../model/zoo.ts';
import { dataSchema } from './kinds/index.ts';

/**
 * TaskSpec: everything a task is, immutable once created (DESIGN §8). Unknown keys are problems. One schema gives
 * the type, the check and the form's limits.
 */

const whole = (minimum: number, maximum: number) =>
  v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(minimum), v.maxValue(maximum));
const real = (minimum: number, maximum: number) =>
  v.pipe(v.number(), v.finite('must be a finite number'), v.minValue(minimum), v.maxValue(maximum));
const title = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'must not be empty'),
  v.maxLength(LIMITS.titleCharacters),
  v.regex(/^[\p{L}\p{N} ._,:()'’–-]+$/u, 'may hold letters, digits, spaces and simple punctuation only'),
);
const origin = v.pipe(
  v.string(),
  v.regex(
    /^(\*|https?:\/\/[a-z0-9.-]+(:\d{1,5})?|https?:\/\/\[[0-9a-f:]+\](:\d{1,5})?)$/,
    'must be an origin such as https://example.org, or *',
  ),
);

const model = v.union([
  v.strictObject({ zoo: v.picklist(ZOO_NAMES), seed: whole(0, 0xffffffff) }),
  v.strictObject({
    topology: topologySchema,
    seed: v.optional(whole(0, 0xffffffff), 1),
    /** Initial weights that were sent before (`POST /api/weights`); without it the seed makes them. */
    weights: v.optional(
      v.pipe(
        v.string(),
        v.check((sha256) => isSha256(sha256), 'must be the sha256 that POST /api/weights answered'),
        v.transform((sha256) => sha256 as Sha256),
      ),
    ),
  }),
]);

const clientPlan = v.strictObject({
  work: v.picklist(['sgd', 'full-batch', 'reconstruct']),
  epochs: v.optional(whole(1, 1_000)),
  maxSteps: v.optional(whole(1, LIMITS.stepsPerReportCount)),
  batchSize: whole(1, 4_096),
  learningRate: real(1e-6, 100),
  optimizer: v.picklist(['sgd']),
  loss: v.picklist(['categoricalCrossentropy', 'meanSquaredError']),
  /** Sets a fifth of each contributor's examples aside: never trained on, and what evaluation rounds score. */
  heldOut: v.optional(v.boolean()),
});

/** When versions are made. Absent: `synchronous`. */
const schedule = v.variant('kind', [
  v.strictObject({ kind: v.literal('synchronous') }),
  v.strictObject({
    kind: v.literal('buffered'),
    /** K: so many reports make a version. */
    size: whole(1, 100_000),
    /** A report from a version more than so many behind the newest is refused. */
    maximumStaleness: whole(0, LIMITS.stalenessVersionsCount),
    /** Contributors that train at the same time. */
    concurrency: whole(1, 100_000),
  }),
]);

const strategy = v.strictObject({
  name: v.picklist(['fedavg', 'fedsgd', 'fedbuff']),
  weighting: v.picklist(['numExamples', 'uniform']),
  serverOptimizer: v.strictObject({ name: v.picklist(['sgd']), learningRate: real(1e-6, 100) }),
  schedule: v.optional(schedule),
});

const rounds = v.strictObject({
  goal: whole(1, 100_000),
  minimum: whole(1, 100_000),
  overSelection: real(1, 10),
  selectionDeadlineMs: whole(1_000, 86_400_000),
  reportingDeadlineMs: whole(1_000, 86_400_000),
});

/**
 * How a task treats its contributors' devices where a person has chosen nothing else. What the person chooses comes first;
 * where the browser tells nothing of battery or connection, nothing is paused.
 */
export const courtesySchema = v.strictObject({
  /** Rests on the battery at this share of its charge or below: 0 never, 1 always. */
  minimumBattery: real(0, 1),
  /** Connections that save data or are paid for by the amount. */
  meteredData: v.picklist(['pause', 'use']),
  /** A tab in the background. */
  hidden: v.picklist(['train', 'pause']),
  /** Of the time, at most so much is spent training; on the battery half of it. */
  share: real(0.05, 1),
});
export type Courtesy = v.InferOutput<typeof courtesySchema>;

export const COURTESY: Courtesy = { minimumBattery: 0.2, meteredData: 'pause', hidden: 'train', share: 0.5 };

export const taskSpecSchema = v.strictObject({
  id: v.pipe(
    v.string(),
    v.check((id) => isTaskId(id), 'must be 1 to 40 of a–z, 0–9 and -'),
    v.transform((id) => id as TaskId),
  ),
  title,
  model,
  data: dataSchema,
  client: clientPlan,
  strategy,
  rounds,
  /** Of the reports. Weights go down as they are: what is downloaded is what the hash names. */
  codec: v.strictObject({ up: v.picklist(CODEC_NAMES), down: v.picklist(['float32']) }),
  privacy: v.strictObject({ mode: v.picklist(['none']) }),
  courtesy: v.optional(courtesySchema, COURTESY),
  access: v.strictObject({
    /** Origins whose pages may take part; empty: the server's own. `*` must be typed. */
    allowedOrigins: v.pipe(v.array(origin), v.maxLength(100)),
    /** With it the task is closed: a client must know the token. */
    joinToken: v.optional(v.pipe(v.string(), v.minLength(8), v.maxLength(128))),
  }),
  maxDeltaNorm: real(1e-9, 1e9),
});

export type TaskSpec = v.InferOutput<typeof taskSpecSchema>;
export type ClientPlan = TaskSpec['client'];
export type RoundPolicy = TaskSpec['rounds'];
export type BufferedSchedule = Extract<TaskSpec['strategy']['schedule'], { readonly kind: 'buffered' }>;

/** The buffered schedule of a strategy; null where its rounds are synchronous. */
export const bufferOf = ({ schedule }: Pick<TaskSpec['strategy'], 'schedule'>): BufferedSchedule | null =>
  schedule?.kind === 'buffered' ? schedule : null;
