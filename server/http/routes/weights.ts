import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSha256, type Sha256, type TaskId } from '../../../shared/ids.ts';
import type { TaskRow } from '../../storage/port.ts';
import type { Authentication } from '../authentication.ts';
import { byteRange } from '../byte-range.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';

/** `GET /weights/<sha256>`: the flat little-endian float32 vector, straight from its blob. */
export function weightsRoutes(app: App, dependencies: HttpDependencies, auth: Authentication): void {
  const { coordinator, storage, blobs, metrics } = dependencies;

  // HEAD by hand: the one that Fastify derives from GET says that there are no bytes.
  const url = '/weights/:sha256';
  app.route({ method: ['GET', 'HEAD'], url, exposeHeadRoute: false, onRequest: auth.recogniseAdmin, handler });

  async function handler(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { sha256 } = request.params as { sha256?: unknown };
    const owners = isSha256(sha256) ? await ownersOf(sha256) : [];
    const sizeBytes = isSha256(sha256) && owners.length > 0 ? await blobs.size(sha256) : null;
    if (!isSha256(sha256) || sizeBytes === null)
      return deny(reply, 404, 'unknown-weights', 'there are no such weights');
    if (!owners.some((row) => auth.mayRead(request, row))) {
      return deny(reply, 401, 'join-token', 'these weights belong to a closed task: send its join token');
    }
    const isOpen = owners.some(({ spec }) => spec.access.joinToken === undefined);
    const etag = `"${sha256}"`;
    reply
      .header('etag', etag)
      .header('accept-ranges', 'bytes')
      .header('cache-control', `${isOpen ? 'public' : 'private'}, max-age=31536000, immutable`);
    if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send();
    return sendRange(request, reply, sha256, sizeBytes, owners);
  }

  function sendRange(
    request: FastifyRequest,
    reply: FastifyReply,
    sha256: Sha256,
    sizeBytes: number,
    owners: readonly TaskRow[],
  ): FastifyReply {
    const { range, 'if-range': ifRange } = request.headers;
    const isSame = ifRange === undefined || ifRange === `"${sha256}"`;
    const asked = range === undefined || !isSame || request.method === 'HEAD' ? 'whole' : byteRange(range, sizeBytes);
    if (asked === 'unsatisfiable') {
      reply.header('content-range', `bytes */${sizeBytes}`).removeHeader('etag');
      return deny(reply, 416, 'range', `these weights have ${sizeBytes} bytes`);
    }
    const { start, end } = asked === 'whole' ? { start: 0, end: sizeBytes - 1 } : asked;
    if (asked !== 'whole') reply.code(206).header('content-range', `bytes ${start}-${end}/${sizeBytes}`);
    reply.type('application/octet-stream').header('content-length', end - start + 1);
    if (request.method === 'HEAD') return reply.send();
    const task = (owners.find(isRunning) ?? owners[0])?.spec.id;
    return reply.send(Readable.from(counted(blobs.stream(sha256, { start, end }), task), { objectMode: false }));
  }

  /** Every task that has these weights now, and the one whose checkpoint they are; or that has these control variates. */
  async function ownersOf(sha256: Sha256): Promise<TaskRow[]> {
    const found = await storage.checkpoints.taskOf(sha256);
    return coordinator
      .tasks()
      .filter(({ spec, ...row }) =>
        found === null ? coordinator.control(spec.id) === sha256 : spec.id === found.task || row.sha256 === sha256,
      );
  }

  const isRunning = ({ spec }: TaskRow): boolean => coordinator.status(spec.id)?.round != null;

  /** Counts what was really handed over, also when the reader goes away. */
  async function* counted(source: Readable, task: TaskId | undefined): AsyncGenerator<Buffer> {
    let sentBytes = 0;
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        sentBytes += chunk.length;
        yield chunk;
      }
    } finally {
      source.destroy();
      metrics.weightsSent(sentBytes);
      if (task !== undefined) coordinator.countBytes(task, 'down', sentBytes);
    }
  }
}
