import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hostOf } from '../auth/origins.ts';
import { JOIN_TOKEN_HEADER } from './authentication.ts';
import type { App, HttpDependencies } from './dependencies.ts';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|.*\.localhost)(:\d+)?$/;

/**
 * Headers of every answer. The policy is that of our own pages: scripts and styles from here only, WebAssembly for the
 * WASM backend, sockets to this host, no frames around us. HTTP without TLS works too, so nothing upgrades requests.
 */
export async function addSecurityHeaders(app: App, { server }: Pick<HttpDependencies, 'server'>): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'"],
        mediaSrc: ["'self'", 'blob:'],
        // 'self' does not mean ws: in every browser yet.
        connectSrc: ["'self'", ({ headers }) => socketSources(headers.host)],
        workerSrc: ["'self'", 'blob:'],
        manifestSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity:
      server.isSecure && server.publicUrl !== null ? { maxAge: 15_552_000, includeSubDomains: false } : false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('permissions-policy', 'camera=(self), microphone=(self), geolocation=(), payment=(), usb=()');
    // Browsers complain about it where they do not trust the origin.
    const host = hostOf(request.headers.host) ?? '';
    if (server.isSecure || LOOPBACK.test(host)) reply.header('cross-origin-opener-policy', 'same-origin');
  });
}

function socketSources(header: string | undefined): string {
  const host = hostOf(header);
  return host === undefined ? "'self'" : `ws://${host} wss://${host}`;
}

/** What pages that embed us read: any origin, without cookies. Call it inside the context of exactly these routes. */
export async function shareAcrossOrigins(app: App): Promise<void> {
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD'],
    allowedHeaders: ['range', 'if-none-match', JOIN_TOKEN_HEADER],
    exposedHeaders: [
      'fedtab-samples-reused',
      'accept-ranges',
      'content-length',
      'content-range',
      'etag',
      'retry-after',
    ],
    maxAge: 86_400,
    // The library refuses an OPTIONS that no browser sends in another shape than our errors have; the same answer says as little.
    strictPreflight: false,
  });
  app.addHook('onRequest', allowEmbedding);
}

async function allowEmbedding(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('cross-origin-resource-policy', 'cross-origin');
}
