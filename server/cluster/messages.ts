import * as v from 'valibot';
import type { ClientId, TaskId } from '../../shared/ids.ts';

/** What processes say to each other, beside `PROTOCOL.md`: it changes with the code, all of one release speak it. */

const id = v.pipe(v.string(), v.maxLength(128));
const task = id as unknown as v.GenericSchema<string, TaskId>;
const args = v.array(v.unknown());

const schema = v.variant('kind', [
  /** Every second: that it lives, which tasks it has, who is connected to it. */
  v.object({
    kind: v.literal('here'),
    tasks: v.array(task),
    online: v.array(v.tuple([task, v.number()])),
    /** True where it ends: its tasks are to be had. */
    isLeaving: v.boolean(),
  }),
  /** A question to whoever has the task, or to one process. */
  v.object({
    kind: v.literal('call'),
    id,
    task,
    name: v.string(),
    args,
    /** Sessions of the task at the one who asks. */
    online: v.number(),
    /** It may be asked again under its id: the answer is kept. */
    isRepeatable: v.boolean(),
  }),
  v.object({ kind: v.literal('answer'), id, value: v.optional(v.unknown()), error: v.optional(v.string()) }),
  /** To whoever has the task; not answered. */
  v.object({ kind: v.literal('tell'), task, name: v.string(), args }),
  /** A call of `Downlink`, for the sessions of each process. */
  v.object({ kind: v.literal('down'), task, name: v.string(), args }),
  /** To a process that took reports of a round: it may fold one beforehand, or need keep nothing of it any more. */
  v.object({ kind: v.literal('held'), task, name: v.picklist(['fold', 'end']), args }),
  /** What whoever has a task lets the others know of it. */
  v.object({ kind: v.literal('picture'), task, picture: v.unknown() }),
  v.object({ kind: v.literal('event'), event: v.unknown() }),
  /** This process has the task now. */
  v.object({ kind: v.literal('home'), task }),
  /** A client has joined here: sessions elsewhere are over. */
  v.object({
    kind: v.literal('joined'),
    task,
    clientId: id as unknown as v.GenericSchema<string, ClientId>,
    connection: v.optional(v.unknown()),
  }),
  /** Words of yours are lost: let the sessions of my tasks come back. */
  v.object({ kind: v.literal('missed') }),
  v.object({ kind: v.literal('logged-out'), actor: v.string() }),
]);
export type RoutingMessage = v.InferOutput<typeof schema>;
export type CallMessage = Extract<RoutingMessage, { readonly kind: 'call' }>;

/** Null for what is none. What the arguments are is for the port that they are for: only our processes write here. */
export function readMessage(message: unknown): RoutingMessage | null {
  const parsed = v.safeParse(schema, message);
  return parsed.success ? parsed.output : null;
}
