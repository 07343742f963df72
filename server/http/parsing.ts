import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { isTaskId } from '../../shared/ids.ts';
import { problemsOf } from '../../shared/task/parse.ts';
import type { Coordinator } from '../rounds/port.ts';
import type { TaskRow } from '../storage/port.ts';
import { deny, denyProblems } from './errors.ts';

/** The body as its schema says, or `undefined` when it was answered with 422. */
export function parseBody<Schema extends v.GenericSchema>(
  schema: Schema,
  request: FastifyRequest,
  reply: FastifyReply,
): v.InferOutput<Schema> | undefined {
  const parsed = v.safeParse(schema, request.body ?? {});
  if (parsed.success) return parsed.output;
  denyProblems(reply, problemsOf(parsed.issues));
  return undefined;
}

/** A whole number of the query, `fallback` where it is absent, or `undefined` when it was answered with 422. */
export function parseQueryCount(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  range: { readonly minimum: number; readonly maximum: number; readonly fallback: number },
): number | undefined {
  const given = (request.query as Record<string, unknown>)[name];
  if (given === undefined) return range.fallback;
  const value = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= range.minimum && value <= range.maximum) return value;
  denyProblems(reply, [{ path: name, message: `must be a whole number from ${range.minimum} to ${range.maximum}` }]);
  return undefined;
}

/** The task that the path names, or `undefined` when it was answered with 404. Archived ones are there for admins only. */
export function findTask(
  coordinator: Pick<Coordinator, 'task'>,
  request: FastifyRequest,
  reply: FastifyReply,
): TaskRow | undefined {
  const { id } = request.params as { id?: unknown };
  const row = isTaskId(id) ? coordinator.task(id) : undefined;
  if (row !== undefined && (row.archivedAt === null || request.admin !== null)) return row;
  deny(reply, 404, 'unknown-task', 'there is no such task');
  return undefined;
}
