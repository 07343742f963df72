import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { modelOf, topologyOf } from '../../../shared/task/model-of.ts';
import type { CheckpointRow, TaskRow } from '../../storage/port.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';
import { layersModel } from '../model/layers-model.ts';
import { npzOf } from '../model/npz.ts';
import { findTask, parseQueryCount } from '../parsing.ts';

/** Downloads of a version: for TF.js (`model.json` + `weights.bin`) and for NumPy (`model.npz`). */
export function modelRoutes(app: App, { coordinator, storage, blobs }: HttpDependencies, auth: Authentication): void {
  const open = { onRequest: auth.recogniseAdmin };

  app.get('/api/tasks/:id/model/model.json', open, async (request, reply) => {
    const found = await findVersion(request, reply);
    if (found === undefined) return reply;
    const { row } = found;
    return layersModel(topologyOf(row.spec), modelOf(row.spec).layout, row.spec.id);
  });

  app.get('/api/tasks/:id/model/weights.bin', open, async (request, reply) => {
    const found = await findVersion(request, reply);
    if (found === undefined) return reply;
    const { sha256, bytes } = found.checkpoint;
    reply.type('application/octet-stream').header('content-length', bytes);
    return reply.send(blobs.stream(sha256, { start: 0, end: bytes - 1 }));
  });

  app.get('/api/tasks/:id/model.npz', open, sendNpz);
  app.get('/api/tasks/:id/model/model.npz', open, sendNpz);

  async function sendNpz(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const found = await findVersion(request, reply);
    if (found === undefined) return reply;
    const { row, checkpoint } = found;
    reply
      .type('application/zip')
      .header('content-disposition', `attachment; filename="${row.spec.id}-v${checkpoint.version}.npz"`);
    if (request.method === 'HEAD') return reply.send();
    const npz = npzOf(modelOf(row.spec).layout, (range) => blobs.stream(checkpoint.sha256, range));
    return reply.send(Readable.from(npz, { objectMode: false }));
  }

  /** The version that `?version=` names, else the newest; `undefined` when it was answered with a refusal. */
  async function findVersion(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ readonly row: TaskRow; readonly checkpoint: CheckpointRow } | undefined> {
    const row = findTask(coordinator, request, reply);
    if (row === undefined) return undefined;
    if (!auth.mayRead(request, row)) {
      deny(reply, 401, 'join-token', 'this task is closed: send its join token');
      return undefined;
    }
    const range = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER, fallback: row.version };
    const version = parseQueryCount(request, reply, 'version', range);
    if (version === undefined) return undefined;
    const checkpoint = await storage.checkpoints.get(row.spec.id, version);
    if (checkpoint === null || !checkpoint.kept || (await blobs.size(checkpoint.sha256)) === null) {
      const message =
        checkpoint === null ? 'there is no such version' : 'the weights of this version are not kept any more';
      deny(reply, 404, checkpoint === null ? 'unknown-version' : 'not-kept', message);
      return undefined;
    }
    const isOpen = row.spec.access.joinToken === undefined;
    reply.header('cache-control', isOpen ? 'public, no-cache' : 'private, no-cache');
    return { row, checkpoint };
  }
}
