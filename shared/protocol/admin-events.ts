import * as v from 'valibot';
import { ABANDON_REASONS } from '../errors.ts';
import { isTaskId, type TaskId } from '../ids.ts';
import { participationSchema, type refusalSchema, scoreSchema, statusSchema } from './messages.ts';

/**
 * What the dashboard hears on the namespace `/admin` (PROTOCOL.md, "Dashboards"). It says nothing itself: control goes
 * over HTTP, where it is audited. The handshake's `auth` is `{ ticket }`.
 */

const taskId = v.pipe(
  v.string(),
  v.check((value) => isTaskId(value), 'not a task id'),
  v.transform((value) => value as TaskId),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const adminHandshakeSchema = v.object({ ticket: v.pipe(v.string(), v.minLength(1), v.maxLength(128)) });

/** One client as dashboards see it; ids are shortened. */
export const contributorSchema = v.object({
  client: v.string(),
  state: v.picklist(['available', 'assigned', 'connected']),
  slot: v.nullable(count),
  phase: v.nullable(v.string()),
  backend: v.nullable(v.string()),
  examples: v.nullable(count),
});
export type Contributor = v.InferOutput<typeof contributorSchema>;

/** The live picture of one task: all there is to draw but the history, which HTTP has. */
export const liveTaskSchema = v.object({
  task: taskId,
  title: v.string(),
  archived: v.boolean(),
  status: statusSchema,
  /** Those with a part in the round first; at most `LIMITS.contributorsShownCount`. */
  contributors: v.array(contributorSchema),
  /** How many there are in all. */
  contributorsCount: count,
  /** What it takes to draw the task for the first time. */
  parameters: participationSchema.entries.parameters,
});
export type LiveTask = v.InferOutput<typeof liveTaskSchema>;

/** `live`: every task, once, as the first message. */
export const liveSchema = v.object({ tasks: v.array(liveTaskSchema) });

/** `task-removed`: the task is gone with all its data. */
export const taskRemovedSchema = v.object({ task: taskId });

/** `round-ended`: the history of this task has a new row. */
export const roundEndedSchema = v.object({
  task: taskId,
  round: count,
  outcome: v.picklist(['committed', 'abandoned']),
  reason: v.nullable(v.picklist(ABANDON_REASONS)),
  version: v.nullable(count),
});
export type RoundEnded = v.InferOutput<typeof roundEndedSchema>;

/** `scored`: a checkpoint of this task has its figures. */
export const scoredSchema = v.object({
  task: taskId,
  version: count,
  ...scoreSchema.entries,
});
export type Scored = v.InferOutput<typeof scoredSchema>;

export interface ServerToAdminEvents {
  live: (message: v.InferOutput<typeof liveSchema>) => void;
  /** The picture of one task: new, changed or archived. */
  task: (message: LiveTask) => void;
  'task-removed': (message: { task: TaskId }) => void;
  'round-ended': (message: RoundEnded) => void;
  scored: (message: Scored) => void;
  /** The session ends for this reason: the ticket's login is over, or the server goes. */
  refused: (message: v.InferOutput<typeof refusalSchema>) => void;
}

/** Dashboards send nothing. */
export type AdminToServerEvents = Record<never, never>;
