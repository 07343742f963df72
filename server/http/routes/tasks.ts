import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { isUpdateId } from '../../../shared/ids.ts';
import { TEMPLATES } from '../../../shared/task/templates/index.ts';
import { mayEmbed } from '../../auth/origins.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';
import { findTask, parseQueryCount } from '../parsing.ts';
import { viewCheckpoint, viewRound, viewTask } from '../task-view.ts';

/** Of one answer; about 300 bytes each. Rounds count from 1 without a gap: the first one's number tells how many are left out. */
const ROUNDS_LISTED = 10_000;

/** What everybody may read of tasks; pages of other sites too. */
export function taskRoutes(app: App, dependencies: HttpDependencies, auth: Authentication): void {
  const { coordinator, storage } = dependencies;
  const open = { onRequest: [auth.recogniseAdmin, () => coordinator.refresh()] };

  app.get('/api/templates', async () =>
    Object.entries(TEMPLATES).map(([name, spec]) => ({ name, title: spec.title, spec })),
  );

  app.get('/api/tasks', open, async (request) => {
    const isAdmin = request.admin !== null;
    const rows = coordinator.tasks().filter(({ archivedAt }) => isAdmin || archivedAt === null);
    return Promise.all(rows.map((row) => viewTask(dependencies, row, { isAdmin, isWhole: false })));
  });

  app.get('/api/tasks/:id', open, async (request, reply) => {
    const row = findTask(coordinator, request, reply);
    if (row === undefined) return reply;
    // A page whose upgrade is refused is not told why (P2): here it can learn that before it tries.
    const { origin, host } = request.headers;
    const allowsOrigin = mayEmbed(row.spec, origin, { publicUrl: dependencies.server.publicUrl, host });
    return viewTask(dependencies, row, { isAdmin: request.admin !== null, isWhole: true, allowsOrigin });
  });

  app.get('/api/tasks/:id/rounds', open, async (request, reply) => {
    const row = findReadable(request, reply);
    const range = { minimum: 1, maximum: ROUNDS_LISTED, fallback: ROUNDS_LISTED };
    const limit = row && parseQueryCount(request, reply, 'limit', range);
    const older = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER, fallback: Number.MAX_SAFE_INTEGER };
    const before = limit && parseQueryCount(request, reply, 'before', older);
    if (row === undefined || limit === undefined || before === undefined) return reply;
    const [rounds, checkpoints] = await Promise.all([
      storage.rounds.list(row.spec.id, limit, before),
      storage.checkpoints.list(row.spec.id),
    ]);
    const scores = new Map(checkpoints.map(({ version, metrics }) => [version, metrics]));
    return rounds.map((round) => viewRound(round, round.version === null ? null : (scores.get(round.version) ?? null)));
  });

  app.get('/api/tasks/:id/checkpoints', open, async (request, reply) => {
    const row = findReadable(request, reply);
    if (row === undefined) return reply;
    return (await storage.checkpoints.list(row.spec.id)).map(viewCheckpoint);
  });

  app.get('/api/receipts/:updateId', async (request, reply) => {
    const { updateId } = v.parse(v.object({ updateId: v.string() }), request.params);
    const receipt = isUpdateId(updateId) ? await storage.rounds.receipt(updateId) : null;
    if (receipt === null) return deny(reply, 404, 'unknown-receipt', 'no report of this name was accepted');
    const { status, round, version, reason } = receipt;
    return { status, round, ...(version === null ? {} : { version }), ...(reason === null ? {} : { reason }) };
  });

  function findReadable(request: FastifyRequest, reply: FastifyReply) {
    const row = findTask(coordinator, request, reply);
    if (row === undefined || auth.mayRead(request, row)) return row;
    deny(reply, 401, 'join-token', 'this task is closed: send its join token');
    return undefined;
  }
}
