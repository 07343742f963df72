import * as v from 'valibot';
import { LIMITS } from '../../../shared/limits.ts';
import type { Admin } from '../../auth/admins.ts';
import type { Authentication } from '../authentication.ts';
import type { App, HttpDependencies } from '../dependencies.ts';
import { deny } from '../errors.ts';
import { parseBody } from '../parsing.ts';

const credentials = v.strictObject({ token: v.pipe(v.string(), v.minLength(1), v.maxLength(512)) });

/** Logging in by token or one-time link, out, the logins there are, and the ticket that opens the dashboard's socket. */
export function sessionRoutes(app: App, { admins, audit, server }: HttpDependencies, auth: Authentication): void {
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: server.isSecure } as const;

  const perMinute = { max: LIMITS.refusalsLoggedPerMinute, timeWindow: 60_000 };
  /** Of everybody together: the log counts the others. */
  const refusedRows = app.createRateLimit({ ...perMinute, keyGenerator: () => 'everybody' });

  app.post('/api/session', { onRequest: auth.refuseOtherSites }, async (request, reply) => {
    const body = parseBody(credentials, request, reply);
    if (body === undefined || (await auth.isLockedOut(request, reply))) return reply;
    const session = await admins.logIn(body.token);
    if (session === null) {
      await auth.countWrong(request);
      const rows = await refusedRows(request);
      if (rows.isAllowed || !rows.isExceeded) await audit.record('anonymous', 'session.refused', null);
      return deny(reply, 401, 'unauthorized', 'this token or link is not valid, or was used before');
    }
    await audit.record(session.admin.actor, 'session.start', null);
    return reply
      .setCookie(auth.cookieName, session.secret, { ...cookie, maxAge: LIMITS.adminSessionLifeMs / 1000 })
      .send({ expiresAt: isoTime(session.expiresAt) });
  });

  app.get('/api/sessions', { onRequest: auth.requireAdmin }, async ({ admin }) =>
    (await admins.logins()).map(({ actor, beganAt, usedAt, expiresAt }) => ({
      actor,
      ...{ beganAt: isoTime(beganAt), usedAt: isoTime(usedAt), expiresAt: isoTime(expiresAt) },
      isOwn: actor === admin?.actor,
    })),
  );

  app.delete('/api/sessions', { onRequest: auth.requireAdmin }, async ({ admin }, reply) => {
    for (const { actor } of await admins.logins()) if (actor !== admin?.actor) await end(actor, admin);
    return reply.code(204).send();
  });

  app.delete<{ Params: { actor: string } }>(
    '/api/sessions/:actor',
    { onRequest: auth.requireAdmin },
    async ({ admin, params }, reply) => {
      if (!(await end(params.actor, admin))) return deny(reply, 404, 'not-found', 'there is no such login any more');
      return reply.code(204).send();
    },
  );

  async function end(actor: string, by: Admin | null): Promise<boolean> {
    const isEnded = await admins.end(actor);
    if (isEnded) await audit.record(by?.actor ?? 'unknown', 'session.end', null, { session: actor });
    return isEnded;
  }

  app.get('/api/session', { onRequest: auth.requireAdmin }, async ({ admin }) => ({
    actor: admin?.actor,
    expiresAt: admin?.expiresAt == null ? null : isoTime(admin.expiresAt),
  }));

  app.delete('/api/session', { onRequest: auth.requireAdmin }, async (request, reply) => {
    // The standing token is no login: there is nothing to end.
    if (request.admin !== null) await end(request.admin.actor, request.admin);
    return reply.clearCookie(auth.cookieName, cookie).code(204).send();
  });

  app.post('/api/session/ticket', { onRequest: auth.requireAdmin }, async ({ admin }, reply) => {
    if (admin === null) return reply;
    const { ticket, expiresAt } = await admins.issueTicket(admin);
    return reply.send({ ticket, expiresAt: isoTime(expiresAt) });
  });
}

const isoTime = (at: number): string => new Date(at).toISOString();
