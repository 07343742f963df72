import type { FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../../shared/limits.ts';
import type { Admin } from '../auth/admins.ts';
import { mayJoin } from '../auth/join-token.ts';
import { isOwnOrigin } from '../auth/origins.ts';
import type { TaskRow } from '../storage/port.ts';
import type { App, HttpDependencies } from './dependencies.ts';
import { deny } from './errors.ts';

export const JOIN_TOKEN_HEADER = 'fedtab-join-token';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on admin routes, and on public ones that were asked with a valid credential. */
    admin: Admin | null;
  }
}

export interface Authentication {
  readonly cookieName: string;
  /** Hook of admin routes: 401 without a valid credential, 403 across sites, 429 after too many wrong ones. */
  requireAdmin(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  /** Hook of public routes that tell admins more: no credential is fine, a wrong one is 401 all the same. */
  recogniseAdmin(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  /** Hook of calls that change something by cookie or make one: 403 when another site's page sent it. */
  refuseOtherSites(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
  /** 429 if this address gave too many wrong credentials in the last minute. */
  isLockedOut(request: FastifyRequest, reply: FastifyReply): Promise<boolean>;
  /** Counts a wrong credential. */
  countWrong(request: FastifyRequest): Promise<void>;
  /** May this request read what belongs to the task? Open ones everybody; closed ones admins and holders of the token. */
  mayRead(request: FastifyRequest, task: Pick<TaskRow, 'spec'>): boolean;
}

export function createAuthentication(app: App, { admins, server }: HttpDependencies): Authentication {
  const cookieName = server.isSecure ? '__Host-fedtab' : 'fedtab';
  const wrongCredentials = app.createRateLimit({ max: LIMITS.failedLoginsPerMinute, timeWindow: 60_000 });
  app.decorateRequest('admin', null);

  async function isLockedOut(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const limit = await wrongCredentials(request, { increment: false });
    if (limit.isAllowed || limit.remaining > 0) return false;
    reply.header('retry-after', String(limit.ttlInSeconds));
    await deny(reply, 429, 'rate', 'too many wrong credentials from this address; wait a minute');
    return true;
  }

  const countWrong = async (request: FastifyRequest): Promise<void> => {
    await wrongCredentials(request);
  };

  /** Browsers say where a request comes from; a request that says neither is a program's. */
  function isFromOtherSite(request: FastifyRequest): boolean {
    const { 'sec-fetch-site': site, origin, host } = request.headers;
    if (site !== undefined) return site !== 'same-origin';
    return origin !== undefined && !isOwnOrigin(origin, { publicUrl: server.publicUrl, host });
  }

  async function refuseOtherSites(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (!isFromOtherSite(request)) return;
    return deny(reply, 403, 'other-site', 'this call was sent by a page of another site');
  }

  /** Sets `request.admin`. True where the request was answered here; an expired session counts as no credential. */
  async function isRefused(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      if (await isLockedOut(request, reply)) return true;
      const credential = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      request.admin = credential === undefined ? null : admins.byToken(credential);
      if (request.admin !== null) return false;
      await countWrong(request);
      await denyUnauthorized(reply, 'this credential is not valid');
      return true;
    }
    const cookie = request.cookies[cookieName];
    if (cookie === undefined) return false;
    request.admin = await admins.bySession(cookie);
    if (request.admin === null) {
      reply.clearCookie(cookieName, { path: '/', secure: server.isSecure });
      return false;
    }
    if (request.method === 'GET' || request.method === 'HEAD' || !isFromOtherSite(request)) return false;
    await refuseOtherSites(request, reply);
    return true;
  }

  const denyUnauthorized = (reply: FastifyReply, message: string): FastifyReply =>
    deny(reply.header('www-authenticate', 'Bearer'), 401, 'unauthorized', message);

  return {
    cookieName,
    isLockedOut,
    countWrong,
    refuseOtherSites,
    async requireAdmin(request, reply) {
      if (await isRefused(request, reply)) return reply;
      if (request.admin !== null) return;
      return denyUnauthorized(reply, 'log in first, or send the admin token as Authorization: Bearer');
    },
    async recogniseAdmin(request, reply) {
      if (await isRefused(request, reply)) return reply;
    },
    mayRead(request, { spec }) {
      if (request.admin !== null) return true;
      const header = request.headers[JOIN_TOKEN_HEADER];
      const { joinToken } = request.query as { joinToken?: unknown };
      return mayJoin(spec, typeof header === 'string' ? header : typeof joinToken === 'string' ? joinToken : undefined);
    },
  };
}
