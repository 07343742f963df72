import * as v from 'valibot';
import { CODEC_NAMES } from '../codec/names.ts';
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
  work: v.picklist(['sgd', 'full-batch', 'reconstruct', 'prox', 'scaffold']),
  epochs: v.optional(whole(1, 1_000)),
  maxSteps: v.optional(whole(1, LIMITS.stepsPerReportCount)),
  /** Stops after so many seconds of steps, where epochs or maxSteps take longer: slow devices do what they can. */
  maxSeconds: v.optional(real(1, 3_600)),
  batchSize: whole(1, 4_096),
  learningRate: real(1e-6, 100),
  optimizer: v.picklist(['sgd', 'momentum']),
  /** ρ of the heavy ball, with the optimizer `momentum`; its state lasts one assignment. */
  momentum: v.optional(real(0, 0.999)),
  /** β of the average of a contributor's own changes, over all its reports, that is reported in the place of the last (`report-momentum.ts`). */
  reportMomentum: v.optional(real(0, 0.999)),
  /** μ of FedProx, with the work `prox`: how hard the global weights pull. */
  mu: v.optional(real(0, 1_000)),
  loss: v.picklist(['categoricalCrossentropy', 'meanSquaredError']),
  /** Layers that are never averaged: their tensors stay with each contributor and are in no report (FedPer, FedBN). */
  local: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(40))), v.minLength(1), v.maxLength(LIMITS.layersCount)),
  ),
  /** Sets a fifth of each contributor's examples aside: never trained on, and what evaluation rounds score. */
  heldOut: v.optional(v.boolean()),
});

const serverLearningRate = real(1e-6, 100);
const beta = real(0, 0.9999);
const tau = v.optional(real(1e-9, 1), 1e-3);
const moments = {
  beta1: v.optional(beta, 0.9),
  beta2: v.optional(beta, 0.99),
  tau,
  biasCorrection: v.optional(v.boolean(), false),
};

/** Its defaults are those of Reddi et al. 2021 and Hsu et al. 2019 (`server/learning/optimizers`). */
const serverOptimizer = v.variant('name', [
  v.strictObject({ name: v.literal('sgd'), learningRate: serverLearningRate }),
  v.strictObject({
    name: v.literal('momentum'),
    learningRate: serverLearningRate,
    beta: v.optional(beta, 0.9),
    nesterov: v.optional(v.boolean(), false),
  }),
  v.strictObject({ name: v.literal('adagrad'), learningRate: v.optional(serverLearningRate, 0.1), tau }),
  v.strictObject({ name: v.literal('adam'), learningRate: v.optional(serverLearningRate, 0.1), ...moments }),
  v.strictObject({ name: v.literal('yogi'), learningRate: v.optional(serverLearningRate, 0.01), ...moments }),
]);

const malicious = whole(1, LIMITS.robustReportsCount);

/** How the reports of a round become one change (`server/learning/aggregators`). */
const aggregator = v.variant('name', [
  v.strictObject({ name: v.literal('mean') }),
  v.strictObject({ name: v.literal('median') }),
  /** The share that is dropped at each end, in each coordinate. */
  v.strictObject({ name: v.literal('trimmed-mean'), share: real(0, 0.49) }),
  v.strictObject({ name: v.literal('krum'), malicious }),
  v.strictObject({ name: v.literal('multi-krum'), malicious, keep: whole(1, LIMITS.robustReportsCount) }),
  v.strictObject({
    name: v.literal('geometric-median'),
    passes: v.optional(whole(1, 100), 10),
    smoothing: v.optional(real(1e-12, 1), 1e-6),
  }),
  v.strictObject({ name: v.literal('norm-bound'), norm: real(1e-9, 1e9) }),
  v.strictObject({
    name: v.literal('centered-clipping'),
    radius: real(1e-9, 1e9),
    passes: v.optional(whole(1, 100), 1),
  }),
]);

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
  name: v.picklist([
    ...(['fedavg', 'fedsgd', 'fedprox', 'fednova', 'scaffold'] as const),
    ...(['fedavgm', 'fedadagrad', 'fedadam', 'fedyogi', 'robust', 'fedbuff'] as const),
  ]),
  weighting: v.picklist(['numExamples', 'uniform']),
  /** Absent: the mean. */
  aggregator: v.optional(aggregator),
  serverOptimizer,
  schedule: v.optional(schedule),
});

const rounds = v.strictObject({
  goal: whole(1, 100_000),
  minimum: whole(1, 100_000),
  overSelection: real(1, 10),
  selectionDeadlineMs: whole(1_000, 86_400_000),
  reportingDeadlineMs: whole(1_000, 86_400_000),
  /** `measured`: over-selection and the reporting deadline follow what the last rounds showed; the deadline above is the most. */
  pace: v.optional(v.picklist(['fixed', 'measured'])),
  /** How the cohort is drawn of those who wait: alike, or the fast and informative more often, without forgetting the others. */
  selection: v.optional(v.picklist(['uniform', 'utility'])),
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

/** Who may take part. A client says both of itself; what it does not say does not keep it out. */
export const eligibilitySchema = v.strictObject({
  minimumExamples: whole(1, LIMITS.examplesPerReportCount),
  /** Milliseconds that a training step of this model takes, as the test steps on the device showed. */
  maximumStepMs: real(0.1, 600_000),
});
export type Eligibility = v.InferOutput<typeof eligibilitySchema>;

export const ELIGIBILITY: Eligibility = { minimumExamples: 1, maximumStepMs: 600_000 };

/** What a new version must score, on held-out data of the server, to be published (ROUNDS.md, G1). */
export const guardSchema = v.strictObject({
  /** So much accuracy, from 0 to 1, it may have lost against the best of the last five versions; 1: any. */
  drop: real(0.001, 1),
});
export type Guard = v.InferOutput<typeof guardSchema>;

export const GUARD: Guard = { drop: 0.1 };

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
  /** Of the reports, and of the steps by which a contributor comes from one version to the next. */
  codec: v.strictObject({
    up: v.picklist(CODEC_NAMES),
    /** `float32`: there are no steps, and every version goes down whole. */
    down: v.picklist(CODEC_NAMES),
    /** Of the uniform codecs: values are clipped to ±range; with rotation, the coordinates after it. */
    range: v.optional(real(1e-9, 1e6)),
    /** Of top-k and random-k: the share of the values that is sent. */
    fraction: v.optional(real(1e-6, 1)),
  }),
  privacy: v.strictObject({ mode: v.picklist(['none']) }),
  eligibility: v.optional(eligibilitySchema, ELIGIBILITY),
  guard: v.optional(guardSchema, GUARD),
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
