import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import { type Refusal, refuse } from '../../shared/errors.ts';
import type { ClientId, TaskId } from '../../shared/ids.ts';
import { clientIdOf, type Handshake, handshakeSchema, overlaps, PROTOCOL } from '../../shared/protocol/index.ts';
import { mayJoin } from '../auth/join-token.ts';
import { mayEmbed } from '../auth/origins.ts';
import { askedTask, openTask, type TaskLookup, taskIdOf } from './door.ts';

export interface Joined {
  readonly ok: true;
  readonly task: TaskId;
  readonly clientId: ClientId;
  /** The highest version that both sides speak. */
  readonly protocol: number;
  /** Of one run of the client, where it numbers them. */
  readonly connection: Handshake['connection'];
}

const anyRange = v.object({ protocol: v.object({ min: v.number(), max: v.number() }) });

/**
 * Decides about a Socket.IO handshake in the order protocol, shape, task, Origin, join token. The protocol comes
 * first and alone, so that a client of any age is told `upgrade-required` and not that its message is bad.
 */
export function decideJoin(
  auth: unknown,
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  tasks: TaskLookup,
  publicUrl: string | null,
): Joined | Refusal {
  const range = v.safeParse(anyRange, auth);
  if (range.success && !overlaps(range.output.protocol, PROTOCOL))
    return refuse(
      'upgrade-required',
      `this server speaks protocol ${PROTOCOL.min} to ${PROTOCOL.max}: reload the page`,
    );
  const parsed = v.safeParse(handshakeSchema, auth);
  if (!parsed.success) return refuse('bad-message', `the handshake is not well-formed at ${pathOf(parsed.issues)}`);
  const row = openTask(tasks, askedTask(request));
  if (row === undefined) return refuse('unknown-task', 'there is no such task');
  if (!mayEmbed(row.spec, request.headers.origin, { publicUrl, host: request.headers.host }))
    return refuse('origin', 'pages of this site may not take part');
  if (!mayJoin(row.spec, parsed.output.joinToken)) return refuse('unauthorized', 'this task needs its join token');
  const task = taskIdOf(row);
  const protocol = Math.min(parsed.output.protocol.max, PROTOCOL.max);
  const { secret, connection } = parsed.output;
  return { ok: true, task, clientId: clientIdOf(task, secret), protocol, connection };
}

/** Where a message is wrong, in the schema's own words: nothing of the message itself is repeated. */
export const pathOf = (issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string =>
  v.getDotPath(issues[0]) ?? 'its root';
