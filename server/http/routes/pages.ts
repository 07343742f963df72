import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import serveStatic from '@fastify/static';
import type { FastifyReply } from 'fastify';
import { isTaskId } from '../../../shared/ids.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';

/** Names that carry a hash of their content; nothing else may be kept for ever. */
const HASHED = /\/assets\/[^/]+-[\w-]{8,}\.\w+$/;

const TRUSTED_TYPES = "require-trusted-types-for 'script';trusted-types 'none'";

/**
 * The pages and the scripts that other sites load, from the build. Scripts and assets may be read from any origin; they
 * hold nothing but code.
 */
export async function pageRoutes(app: App, { webFolder }: Pick<HttpDependencies, 'webFolder'>): Promise<void> {
  const root = fileURLToPath(webFolder);
  if (!existsSync(root)) {
    for (const path of ['/', '/contribute/:task', '/admin']) app.get(path, (_request, reply) => denyUnbuilt(reply));
    return;
  }
  await app.register(serveStatic, {
    root,
    index: false,
    dotfiles: 'ignore',
    redirect: false,
    cacheControl: false,
    setHeaders(reply, path) {
      reply.header(
        'cache-control',
        HASHED.test(path.replaceAll('\\', '/')) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });

  app.get('/', (_request, reply) => reply.sendFile('contribute/index.html'));
  app.get('/contribute/:task', (request, reply) => {
    const { task } = request.params as { task: string };
    if (!isTaskId(task)) return deny(reply, 404, 'unknown-task', 'there is no such task');
    return reply.sendFile('contribute/index.html');
  });
  app.get('/admin', (_request, reply) => {
    // Nothing on the dashboard writes HTML or starts a worker, and nothing that an admin reads may begin to.
    reply.header('content-security-policy', `${reply.getHeader('content-security-policy')};${TRUSTED_TYPES}`);
    return reply.sendFile('admin/index.html');
  });
}

const denyUnbuilt = (reply: FastifyReply): FastifyReply =>
  deny(reply, 404, 'not-built', 'the pages are not built: run npm run build');
