import * as v from 'valibot';
import { ABANDON_REASONS } from '../../shared/errors.ts';
import { evaluationSchema } from '../../shared/evaluation/result.ts';
import { isTaskId, type TaskId } from '../../shared/ids.ts';
import { statusSchema } from '../../shared/protocol/messages.ts';
import { taskSpecSchema } from '../../shared/task/spec.ts';

/** What the server answers to admins (DESIGN §8), parsed before anything is shown. Unknown keys are dropped. */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const bytes = v.pipe(v.number(), v.minValue(0));
const { state, version, sha256, metrics, online, roundsLeft, pausedReason } = statusSchema.entries;
const taskId = v.pipe(
  v.string(),
  v.check((id) => isTaskId(id), 'not a task id'),
  v.transform((id) => id as TaskId),
);

export const adminTaskSchema = v.object({
  ...{ id: taskId, title: v.string(), state, version, sha256, metrics, online, roundsLeft, pausedReason },
  parameters: count,
  spec: taskSpecSchema,
  createdAt: v.string(),
  archivedAt: v.nullable(v.string()),
});
export type AdminTask = v.InferOutput<typeof adminTaskSchema>;

export const roundSchema = v.object({
  number: count,
  /** Absent: it trained. */
  purpose: v.optional(v.literal('evaluate')),
  /** null: it runs. */
  outcome: v.nullable(v.picklist(['committed', 'abandoned'])),
  reason: v.optional(v.picklist(ABANDON_REASONS)),
  baseVersion: count,
  version: v.optional(count),
  selected: count,
  accepted: count,
  rejected: v.record(v.string(), count),
  late: count,
  surplus: count,
  dropped: count,
  uplinkBytes: bytes,
  downlinkBytes: bytes,
  startedAt: v.string(),
  endedAt: v.nullable(v.string()),
  metrics,
  /** Of an evaluation round that is over. */
  evaluation: v.optional(evaluationSchema),
});
export type Round = v.InferOutput<typeof roundSchema>;

export const checkpointSchema = v.object({
  version: count,
  sha256,
  bytes,
  createdAt: v.string(),
  metrics,
  round: v.optional(count),
  /** The version that a roll-back took it from. */
  copyOf: v.optional(count),
  /** False once retention took the weights. */
  kept: v.optional(v.boolean(), true),
});
export type Checkpoint = v.InferOutput<typeof checkpointSchema>;

/** Weights that were handed over. */
export const keptWeightsSchema = v.object({ sha256 });

/** The address that is told how rounds end; `retryAt`: when what failed is tried again. */
export const webhookSchema = v.union([
  v.object({
    url: v.string(),
    waiting: count,
    failures: count,
    problem: v.nullable(v.string()),
    retryAt: v.nullable(v.string()),
  }),
  v.object({ url: v.null() }),
]);
export type Webhook = Extract<v.InferOutput<typeof webhookSchema>, { url: string }>;

/** With the secret that the posts are signed by, which is told this once. */
export const webhookSetSchema = v.object({ url: v.string(), secret: v.string() });
export type WebhookSet = v.InferOutput<typeof webhookSetSchema>;

/** A login of the dashboard; `isOwn`: of the browser that asks. */
export const loginSchema = v.object({
  actor: v.string(),
  beganAt: v.string(),
  usedAt: v.string(),
  expiresAt: v.string(),
  isOwn: v.boolean(),
});
export type Login = v.InferOutput<typeof loginSchema>;

export const ticketSchema = v.object({ ticket: v.string() });

export const errorSchema = v.object({
  error: v.object({
    code: v.string(),
    message: v.string(),
    problems: v.optional(v.array(v.object({ path: v.string(), message: v.string() })), []),
  }),
});
