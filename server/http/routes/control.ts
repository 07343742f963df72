import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import type { Problem, Result } from '../../../shared/errors.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { isTemplateName, parseTaskSpec, taskFromTemplate } from '../../../shared/task/parse.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { TEMPLATES } from '../../../shared/task/templates/index.ts';
import type { AuditAction } from '../../observability/audit.ts';
import type { Control } from '../../rounds/port.ts';
import type { TaskRow } from '../../storage/port.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny, denyControl, denyProblems } from '../errors.ts';
import { withBroughtModel } from '../model/brought-model.ts';
import { findTask, parseBody, parseQueryCount } from '../parsing.ts';
import { viewTask } from '../task-view.ts';

const count = v.strictObject({
  count: v.pipe(
    v.number(),
    v.integer('must be a whole number'),
    v.minValue(1, 'must be at least 1'),
    v.maxValue(LIMITS.roundsPerRequestCount),
  ),
});
const version = v.strictObject({ version: v.pipe(v.number(), v.integer(), v.minValue(0)) });
const confirmation = v.strictObject({ confirm: v.string() });
const copy = v.strictObject({ id: v.unknown(), title: v.optional(v.unknown()) });

/** What admins do: each call is durable and in the audit before it is answered. */
export function controlRoutes(app: App, dependencies: HttpDependencies, auth: Authentication): void {
  const { coordinator, storage, audit } = dependencies;
  app.addHook('onRequest', auth.requireAdmin);

  app.post('/api/tasks', { bodyLimit: LIMITS.taskBodyBytes }, async (request, reply) => {
    const brought = withBroughtModel(request.body);
    if (!brought.ok) return denyProblems(reply, brought.failure);
    const { body, notes } = brought.value;
    return create(request, reply, specOf(body), 'task.create', {}, notes);
  });

  app.post('/api/tasks/:id/duplicate', async (request, reply) => {
    const row = findTask(coordinator, request, reply);
    const body = row && parseBody(copy, request, reply);
    if (row === undefined || body === undefined) return reply;
    const spec = parseTaskSpec({ ...row.spec, id: body.id, title: body.title ?? row.spec.title });
    return create(request, reply, spec, 'task.duplicate', { from: row.spec.id });
  });

  app.delete('/api/tasks/:id', async (request, reply) => {
    const row = findTask(coordinator, request, reply);
    const body = row && parseBody(confirmation, request, reply);
    if (row === undefined || body === undefined) return reply;
    const { id } = row.spec;
    if (body.confirm !== id) return denyProblems(reply, [{ path: 'confirm', message: `must be ${id}` }]);
    return run(
      request,
      reply,
      row,
      'task.delete',
      () => coordinator.remove(id),
      {},
      () => reply.code(200).send({ id }),
    );
  });

  app.post('/api/tasks/:id/rounds', async (request, reply) => {
    const row = findTask(coordinator, request, reply);
    const body = row && parseBody(count, request, reply);
    if (row === undefined || body === undefined) return reply;
    return run(request, reply, row, 'task.rounds', () => coordinator.startRounds(row.spec.id, body.count), body);
  });

  app.post('/api/tasks/:id/rollback', async (request, reply) => {
    const row = findTask(coordinator, request, reply);
    const body = row && parseBody(version, request, reply);
    if (row === undefined || body === undefined) return reply;
    return run(request, reply, row, 'task.rollback', () => coordinator.rollback(row.spec.id, body.version), body);
  });

  const plain = {
    evaluate: (row: TaskRow) => coordinator.evaluate(row.spec.id),
    pause: (row: TaskRow) => coordinator.pause(row.spec.id),
    resume: (row: TaskRow) => coordinator.resumeRounds(row.spec.id),
    stop: (row: TaskRow) => coordinator.stop(row.spec.id),
    archive: (row: TaskRow) => coordinator.archive(row.spec.id),
  } as const;
  for (const name of ['evaluate', 'pause', 'resume', 'stop', 'archive'] as const) {
    app.post(`/api/tasks/:id/${name}`, async (request, reply) => {
      const row = findTask(coordinator, request, reply);
      if (row === undefined) return reply;
      return run(request, reply, row, `task.${name}`, () => plain[name](row));
    });
  }

  app.get('/api/tasks/:id/contributors', async (request, reply) => {
    const row = findTask(coordinator, request, reply);
    const limit = row && parseQueryCount(request, reply, 'limit', { minimum: 1, maximum: 10_000, fallback: 1_000 });
    if (row === undefined || limit === undefined) return reply;
    const found = await coordinator.listContributors(row.spec.id, limit);
    return 'ok' in found ? denyControl(reply, found) : found;
  });

  app.get('/api/audit', async (request, reply) => {
    const limit = parseQueryCount(request, reply, 'limit', { minimum: 1, maximum: 10_000, fallback: 1_000 });
    if (limit === undefined) return reply;
    const rows = await storage.admin.audit(limit);
    return rows.map(({ at, ...row }) => ({ at: new Date(at).toISOString(), ...row }));
  });

  async function create(
    request: FastifyRequest,
    reply: FastifyReply,
    spec: Result<TaskSpec, readonly Problem[]>,
    action: AuditAction,
    details: Readonly<Record<string, unknown>> = {},
    notes: readonly string[] = [],
  ): Promise<FastifyReply> {
    if (!spec.ok) return denyProblems(reply, spec.failure);
    const { id } = spec.value;
    if (coordinator.task(id) !== undefined) return deny(reply, 409, 'taken', `there is a task named ${id} already`);
    const control = await coordinator.create(spec.value);
    if (!control.ok) return denyControl(reply, control);
    await audit.record(actorOf(request), action, id, details);
    return reply.code(201).send(notes.length === 0 ? { id } : { id, notes });
  }

  async function run(
    request: FastifyRequest,
    reply: FastifyReply,
    row: TaskRow,
    action: AuditAction,
    act: () => Promise<Control>,
    details: Readonly<Record<string, unknown>> = {},
    answer?: () => FastifyReply,
  ): Promise<FastifyReply> {
    const control = await act();
    if (!control.ok) return denyControl(reply, control);
    await audit.record(actorOf(request), action, row.spec.id, details);
    if (answer !== undefined) return answer();
    const now = coordinator.task(row.spec.id) ?? row;
    return reply.code(202).send(await viewTask(dependencies, now, { isAdmin: true, isWhole: false }));
  }
}

const actorOf = ({ admin }: FastifyRequest): string => admin?.actor ?? 'unknown';

/** `{ template, …overrides }`, or a whole spec. */
function specOf(body: unknown): Result<TaskSpec, readonly Problem[]> {
  if (typeof body !== 'object' || body === null || !('template' in body)) return parseTaskSpec(body);
  const { template, ...overrides } = body;
  if (isTemplateName(template)) return taskFromTemplate(template, overrides);
  const names = Object.keys(TEMPLATES).join(', ');
  return { ok: false, failure: [{ path: 'template', message: `must be one of ${names}` }] };
}
