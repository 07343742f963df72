import * as v from 'valibot';
import { isTaskId, type TaskId } from '../ids.ts';
import { participationSchema, scoreSchema } from './messages.ts';

/** What `GET /api/tasks` tells everybody of a task, and `GET /api/tasks/:id` with `participation` (DESIGN §8). */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const publicTaskSchema = v.object({
  id: v.pipe(
    v.string(),
    v.check((id) => isTaskId(id), 'not a task id'),
    v.transform((id) => id as TaskId),
  ),
  title: v.string(),
  state: v.picklist(['idle', 'running', 'paused', 'stopping']),
  version: count,
  sha256: v.string(),
  parameters: count,
  /** Of the weights as they lie on the wire. */
  bytes: count,
  /** Of what a report says, at most. */
  reportBytes: count,
  round: count,
  roundsLeft: count,
  online: count,
  metrics: v.nullable(scoreSchema),
  /** Takes a join token to take part in. */
  closed: v.optional(v.boolean(), false),
  pausedReason: v.optional(v.string()),
  participation: v.optional(participationSchema),
  /** False where the page that asked is of a site that the task does not list. */
  allowsOrigin: v.optional(v.boolean()),
});
export type PublicTask = v.InferOutput<typeof publicTaskSchema>;

const parse = <Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> | null => {
  const parsed = v.safeParse(schema, value);
  return parsed.success ? parsed.output : null;
};

/** null for anything that is not such an answer; unknown keys are dropped. */
export const parsePublicTask = (value: unknown): PublicTask | null => parse(publicTaskSchema, value);
export const parsePublicTasks = (value: unknown): readonly PublicTask[] | null =>
  parse(v.array(publicTaskSchema), value);

const checkpointsSchema = v.array(
  v.object({
    version: count,
    sha256: v.string(),
    metrics: v.nullable(scoreSchema),
  }),
);
/** Of `GET /api/tasks/:id/checkpoints`, what a chart of the model's progress needs; from version 0 on. */
export type PublicCheckpoint = v.InferOutput<typeof checkpointsSchema>[number];
export const parsePublicCheckpoints = (value: unknown): readonly PublicCheckpoint[] | null =>
  parse(checkpointsSchema, value);
