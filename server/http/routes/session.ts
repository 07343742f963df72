import * as v from 'valibot';
import { LIMITS } from '../../../shared/limits.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';
import { parseBody } from '../parsing.ts';

const credentials = v.strictObject({ token: v.pipe(v.string(), v.minLength(1), v.maxLength(512)) });

/** Logging in by token or one-time link, out, and the ticket that opens the dashboard's socket. */
export function sessionRoutes(app: App, { admins, audit, server }: HttpDependencies, auth: Authentication): void {
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: server.isSecure } as const;

  app.post('/api/session', { onRequest: auth.refuseOtherSites }, async (request, reply) => {
    const body = parseBody(credentials, request, reply);
    if (body === undefined || (await auth.isLockedOut(request, reply))) return reply;
    const session = await admins.logIn(body.token);
    if (session === null) {
      await auth.countWrong(request);
      await audit.record('anonymous', 'session.refused', null);
      return deny(reply, 401, 'unauthorized', 'this token or link is not valid, or was used before');
    }
    await audit.record(session.admin.actor, 'session.start', null);
    return reply
      .setCookie(auth.cookieName, session.secret, { ...cookie, maxAge: LIMITS.adminSessionLifeMs / 1000 })
      .send({ expiresAt: new Date(session.expiresAt).toISOString() });
  });

  app.get('/api/session', { onRequest: auth.requireAdmin }, async ({ admin }) => ({
    actor: admin?.actor,
    expiresAt: admin?.expiresAt == null ? null : new Date(admin.expiresAt).toISOString(),
  }));

  app.delete('/api/session', { onRequest: auth.requireAdmin }, async (request, reply) => {
    const secret = request.cookies[auth.cookieName];
    if (secret !== undefined) await admins.logOut(secret);
    await audit.record(request.admin?.actor ?? 'unknown', 'session.end', null);
    return reply.clearCookie(auth.cookieName, cookie).code(204).send();
  });

  app.post('/api/session/ticket', { onRequest: auth.requireAdmin }, async ({ admin }, reply) => {
    if (admin === null) return reply;
    const { ticket, expiresAt } = await admins.issueTicket(admin);
    return reply.send({ ticket, expiresAt: new Date(expiresAt).toISOString() });
  });
}
