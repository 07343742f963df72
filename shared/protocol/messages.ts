import * as v from 'valibot';
import { ABANDON_REASONS, REFUSAL_REASONS, REJECTION_REASONS } from '../errors.ts';
import {
  type AssignmentToken,
  type ClientId,
  isAssignmentToken,
  isClientId,
  isSha256,
  isTaskId,
  isUpdateId,
  type Sha256,
  type TaskId,
  type UpdateId,
} from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { topologySchema } from '../model/topology.ts';
import { taskSpecSchema } from '../task/spec.ts';

/**
 * Every message of the client namespace as a schema; the types follow from them. The receiving side parses, on both
 * ends. Unknown keys are dropped, so that an older side understands a newer one (PROTOCOL.md, P10).
 */

const checked = <Id extends string>(is: (value: unknown) => value is Id, message: string) =>
  v.pipe(
    v.string(),
    v.maxLength(64),
    v.check((value) => is(value), message),
    v.transform((value) => value as Id),
  );
const taskId = checked<TaskId>(isTaskId, 'not a task id');
const clientId = checked<ClientId>(isClientId, 'not a client id');
const updateId = checked<UpdateId>(isUpdateId, 'not an update id');
const token = checked<AssignmentToken>(isAssignmentToken, 'not an assignment token');
const sha256 = checked<Sha256>(isSha256, 'not a SHA-256 in hex');
const count = (maximum: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maximum));
const version = count(Number.MAX_SAFE_INTEGER);
const milliseconds = count(Number.MAX_SAFE_INTEGER);
const blobBytes = count(LIMITS.frameBytes);
const finite = v.pipe(v.number(), v.finite());
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** How good a model is: its mean loss, and the share of right answers or, where it predicts numbers, how far it is off. */
export const scoreSchema = v.object({
  loss: finite,
  accuracy: v.exactOptional(share),
  /** Mean absolute error, in the unit of the target. */
  absoluteError: v.exactOptional(v.pipe(finite, v.minValue(0))),
});
export type Score = v.InferOutput<typeof scoreSchema>;

// ── client → server ────────────────────────────────────────────────────────────────────────────────────────────

/** `auth` of the Socket.IO handshake. */
export const handshakeSchema = v.object({
  protocol: v.object({ min: count(65_535), max: count(65_535) }),
  /** 128 random bits in hex, made at consent; the server keeps only what follows from its hash. */
  secret: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  joinToken: v.optional(v.pipe(v.string(), v.maxLength(128))),
  software: v.optional(v.pipe(v.string(), v.maxLength(80))),
  /** Which of the connections of one run of the client it is, so that one that arrives late takes no place (P7). */
  connection: v.optional(
    v.object({ of: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)), number: count(Number.MAX_SAFE_INTEGER) }),
  ),
});
export type Handshake = v.InferOutput<typeof handshakeSchema>;

/** `check-in`: "I am available for this task". */
export const checkInSchema = v.object({
  examples: count(LIMITS.examplesPerReportCount),
  backend: v.picklist(['webgl', 'webgpu', 'wasm', 'cpu', 'other']),
  /** Checkpoint whose weights the client still has; it is not sent again. */
  held: v.nullable(sha256),
  /** Over HTTP: a broadcast would keep all else waiting on its line. */
  weights: v.exactOptional(v.literal('http')),
  /** Of one training step of this model, where a test step was timed. */
  stepMs: v.exactOptional(v.pipe(finite, v.minValue(0))),
});
export type CheckIn = v.InferOutput<typeof checkInSchema>;

/** `resume`: "is my assignment still alive?", asked before any work after a reconnect or a freeze. */
export const resumeSchema = v.object({ token });

export const reportMetricsSchema = v.object({
  lossBefore: v.nullable(finite),
  lossAfter: v.nullable(finite),
  accuracyBefore: v.nullable(share),
  accuracyAfter: v.nullable(share),
  trainingMs: milliseconds,
  /** SCAFFOLD: the control variate that went with the last counted report was not here any more, and began at 0 again. */
  controlLost: v.exactOptional(v.boolean()),
});
export type ReportMetrics = v.InferOutput<typeof reportMetricsSchema>;
/** Where nothing is said, or kept, of what training did to the own examples. */
export const NO_METRICS: ReportMetrics = {
  lossBefore: null,
  lossAfter: null,
  accuracyBefore: null,
  accuracyAfter: null,
  trainingMs: 0,
};

/** `report-begin`: announces a frame; its chunks are `ceil(bytes / 262144)`, all full but the last. */
export const reportBeginSchema = v.object({
  token,
  /** Any length is well-formed; one that the task's codec cannot have is refused `size`. */
  bytes: count(Number.MAX_SAFE_INTEGER),
  sha256,
  metrics: reportMetricsSchema,
});
export type ReportBegin = v.InferOutput<typeof reportBeginSchema>;

/** `report-chunk`: this JSON and one binary attachment. */
export const reportChunkSchema = v.object({ token, index: count(65_535), crc32: count(0xffffffff) });
export type ReportChunk = v.InferOutput<typeof reportChunkSchema>;

/** `report-end`: every chunk was acknowledged; validate, make durable, answer. */
export const reportEndSchema = v.object({ token });

/** `progress`: for the eye only; no ack. */
export const progressSchema = v.object({
  token,
  phase: v.picklist(['downloading', 'preparing', 'training', 'uploading']),
  share,
});
export type Progress = v.InferOutput<typeof progressSchema>;

export const emptySchema = v.object({});

// ── server → client ────────────────────────────────────────────────────────────────────────────────────────────

/** A refusal: in an ack, as `data` of a failed handshake, and as the message `refused` before a session ends. */
export const refusalSchema = v.object({
  ok: v.literal(false),
  reason: v.picklist(REFUSAL_REASONS),
  message: v.string(),
  retryAfterMs: v.exactOptional(milliseconds),
});

/** What everybody may know of a task: enough to train for it. Part of `GET /api/tasks/:id` too, as `participation`. */
export const participationSchema = v.object({
  topology: topologySchema,
  layoutSha256: sha256,
  parameters: count(LIMITS.parametersCount),
  /** What a report holds, where that is not one value for each parameter (`report-layout.ts`). */
  report: v.exactOptional(v.object({ values: count(2 * LIMITS.parametersCount), layoutSha256: sha256 })),
  data: taskSpecSchema.entries.data,
  client: taskSpecSchema.entries.client,
  codec: taskSpecSchema.entries.codec,
  courtesy: taskSpecSchema.entries.courtesy,
  minimum: count(100_000),
  goal: count(100_000),
  maxDeltaNorm: finite,
  closed: v.boolean(),
});
export type Participation = v.InferOutput<typeof participationSchema>;

/** One member of the current cohort as the ring shows it; `slot` counts from 0 within the round. */
const member = v.object({
  slot: count(100_000),
  state: v.picklist(['waiting', 'downloading', 'training', 'uploading', 'done', 'dropped']),
  share,
});
export type CohortMember = v.InferOutput<typeof member>;

/** What a round is for, where it is not training: scoring the newest version on the contributors' own examples. */
const evaluate = v.exactOptional(v.literal('evaluate'));
export type RoundPurpose = 'train' | 'evaluate';

const TASK_STATES = ['idle', 'running', 'paused', 'stopping'] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** `status`: the live picture of the task, sent at most a few times a second. */
export const statusSchema = v.object({
  state: v.picklist(TASK_STATES),
  version,
  sha256,
  metrics: v.nullable(scoreSchema),
  online: count(Number.MAX_SAFE_INTEGER),
  roundsLeft: count(Number.MAX_SAFE_INTEGER),
  pausedReason: v.optional(v.string()),
  round: v.nullable(
    v.object({
      number: count(Number.MAX_SAFE_INTEGER),
      purpose: evaluate,
      phase: v.picklist(['selecting', 'reporting', 'aggregating']),
      available: count(Number.MAX_SAFE_INTEGER),
      goal: count(100_000),
      selected: count(100_000),
      accepted: count(100_000),
      endsInMs: milliseconds,
      /** At most 60 single members; a larger cohort comes as counts alone. */
      members: v.nullable(v.pipe(v.array(member), v.maxLength(60))),
      counts: v.object({
        waiting: count(100_000),
        downloading: count(100_000),
        training: count(100_000),
        uploading: count(100_000),
        done: count(100_000),
        dropped: count(100_000),
      }),
    }),
  ),
});
export type TaskStatus = v.InferOutput<typeof statusSchema>;

/** `welcome`: the first message of a session. */
export const welcomeSchema = v.object({
  protocol: count(65_535),
  task: taskId,
  clientId,
  participation: participationSchema,
  status: statusSchema,
});
export type Welcome = v.InferOutput<typeof welcomeSchema>;

/** SCAFFOLD: the server's control variate is c = sum / contributors. */
const control = v.object({
  /** Σ c_i as a blob of one float32 a parameter, at `/weights/<sha256>`; null: all are 0 still. */
  sum: v.nullable(v.object({ sha256, bytes: blobBytes })),
  /** N: the identities that ever had a part in this task, this cohort's with them, but those that were forgotten. */
  contributors: count(Number.MAX_SAFE_INTEGER),
  /** The last report of this client that is in a version, whose c_i is the one to go on from; null: begin at 0. */
  counted: v.nullable(updateId),
});
export type ControlOffer = v.InferOutput<typeof control>;
/** The offer as a trainer takes it. */
export interface GivenControl extends Omit<ControlOffer, 'sum'> {
  /** Σ c_i, one value a parameter, owned by the receiver; null: all are 0 still. */
  readonly sum: Float32Array | null;
  /** That of this assignment's report. */
  readonly updateId: UpdateId;
}

/** The weights that follow from those of `from`: a frame of `codec.down` at `/weights/<sha256>`. */
const modelStep = v.object({ from: sha256, sha256, bytes: blobBytes });
export type ModelStep = v.InferOutput<typeof modelStep>;

/** `assign`: this client's part in one round. Durations, never clock times: the client's clock decides nothing. */
export const assignmentSchema = v.object({
  round: count(Number.MAX_SAFE_INTEGER),
  /** Absent: train. */
  purpose: evaluate,
  /** Of a buffered task: the part outlives the round that it began in, and its client goes on once it has reported. */
  schedule: v.exactOptional(v.literal('buffered')),
  token,
  updateId,
  slot: count(100_000),
  cohort: count(100_000),
  base: v.object({ version, sha256, bytes: blobBytes }),
  /** `broadcast`: a `weights` message follows; `http`: take `/weights/<sha256>`; `held`: you have them. */
  delivery: v.picklist(['broadcast', 'http', 'held']),
  /** The shorter way to `base`, one step after the other, for a client that holds the weights of the first one's `from`. */
  steps: v.exactOptional(v.array(modelStep)),
  /** Of the client work `scaffold`. */
  control: v.exactOptional(control),
  /** Seeds the client's shuffling. */
  seed: count(0xffffffff),
  remainingMs: milliseconds,
});
export type Assignment = v.InferOutput<typeof assignmentSchema>;

/** `weights`: this JSON and one attachment of `bytes` bytes, little-endian float32, to the cohort's room. */
export const weightsSchema = v.object({ version, sha256, bytes: count(LIMITS.broadcastBytes) });
export type WeightsMessage = v.InferOutput<typeof weightsSchema>;

/** The durable row that says an update was accepted. */
export const receiptSchema = v.object({
  updateId,
  round: count(Number.MAX_SAFE_INTEGER),
  /** `accepted` until the round ends; then `counted` (in `version`) or `abandoned` (with `reason`). */
  status: v.picklist(['accepted', 'counted', 'abandoned', 'withdrawn']),
  order: count(Number.MAX_SAFE_INTEGER),
  version: v.optional(version),
  reason: v.optional(v.picklist(ABANDON_REASONS)),
});
export type Receipt = v.InferOutput<typeof receiptSchema>;

/** `round`: a round ended; to every session of the task. `yours` says how this client's part in it ended. */
export const roundEndSchema = v.object({
  number: count(Number.MAX_SAFE_INTEGER),
  outcome: v.picklist(['committed', 'abandoned']),
  version: v.optional(version),
  sha256: v.optional(sha256),
  reason: v.optional(v.picklist(ABANDON_REASONS)),
  accepted: count(100_000),
  yours: v.nullable(v.picklist(['accepted', 'rejected', 'late', 'surplus', 'dropped'])),
  yoursReason: v.optional(v.picklist(REJECTION_REASONS)),
});
export type RoundEnd = v.InferOutput<typeof roundEndSchema>;

/** `retry`: not selected this time; check in again between the two. */
export const retrySchema = v.object({
  round: count(Number.MAX_SAFE_INTEGER),
  afterMs: milliseconds,
  beforeMs: milliseconds,
});
export type RetryWindow = v.InferOutput<typeof retrySchema>;

/** `draining`: this process ends; finish an upload that is under way, then come back after `retryAfterMs`. */
export const drainingSchema = v.object({ retryAfterMs: milliseconds });

// ── acks ───────────────────────────────────────────────────────────────────────────────────────────────────────

const either = <Schema extends v.ObjectSchema<v.ObjectEntries & { ok: v.LiteralSchema<true, undefined> }, undefined>>(
  ok: Schema,
) => v.variant('ok', [ok, refusalSchema]);
export const okAckSchema = either(v.object({ ok: v.literal(true) }));
export const resumeAckSchema = either(
  v.object({ ok: v.literal(true), assignment: v.nullable(assignmentSchema), receipt: v.nullable(receiptSchema) }),
);
export const reportBeginAckSchema = either(
  v.object({
    ok: v.literal(true),
    /** Chunks the server already has, in order: send the others. */
    received: v.pipe(v.array(count(65_535)), v.maxLength(65_536)),
    /** Set when these very bytes were accepted before: nothing is left to send. */
    receipt: v.nullable(receiptSchema),
  }),
);
export const reportEndAckSchema = either(v.object({ ok: v.literal(true), receipt: receiptSchema }));

export type OkAck = v.InferOutput<typeof okAckSchema>;
export type ResumeAck = v.InferOutput<typeof resumeAckSchema>;
export type ReportBeginAck = v.InferOutput<typeof reportBeginAckSchema>;
export type ReportEndAck = v.InferOutput<typeof reportEndAckSchema>;
