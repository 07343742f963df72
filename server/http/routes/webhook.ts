import type { FastifyReply } from 'fastify';
import * as v from 'valibot';
import { LIMITS } from '../../../shared/limits.ts';
import type { WebhookView } from '../../webhook/webhook.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny, denyProblems } from '../errors.ts';
import { parseBody } from '../parsing.ts';

const address = v.strictObject({ url: v.pipe(v.string(), v.maxLength(LIMITS.webhookUrlCharacters)) });

/** The one address that is told how rounds end. A URL may hold a key of its receiver: neither log nor audit has more than its origin. */
export function webhookRoutes(app: App, { webhook, audit }: HttpDependencies, auth: Authentication): void {
  app.addHook('onRequest', auth.requireAdmin);

  app.get('/api/webhook', async (_request, reply) => {
    const view = await webhook.view();
    return view === 'away' ? denyAway(reply) : viewed(view);
  });

  app.put('/api/webhook', async (request, reply) => {
    const body = parseBody(address, request, reply);
    if (body === undefined) return reply;
    const set = await webhook.set(body.url);
    if (set === 'away') return denyAway(reply);
    if (!set.ok) return denyProblems(reply, [{ path: 'url', message: set.failure }]);
    const { origin } = new URL(set.value.url);
    await audit.record(request.admin?.actor ?? 'unknown', 'webhook.set', null, { origin });
    return set.value;
  });

  app.delete('/api/webhook', async (request, reply) => {
    if ((await webhook.clear()) === 'away') return denyAway(reply);
    await audit.record(request.admin?.actor ?? 'unknown', 'webhook.clear', null);
    return reply.code(204).send();
  });
}

const denyAway = (reply: FastifyReply): FastifyReply =>
  deny(
    reply,
    503,
    'no-answer',
    'the process that has the webhook does not answer just now: look whether it was done, and try again',
  );

const viewed = (view: WebhookView | null): Readonly<Record<string, unknown>> =>
  view === null
    ? { url: null }
    : { ...view, retryAt: view.retryAt === null ? null : new Date(view.retryAt).toISOString() };
