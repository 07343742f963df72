import type { TaskSpec } from '../../shared/task/spec.ts';

const HOST = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

/** The Host header if it looks like one, lower case; else undefined. */
export const hostOf = (header: string | undefined): string | undefined =>
  header !== undefined && header.length <= 255 && HOST.test(header) ? header.toLowerCase() : undefined;

const normal = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).origin : undefined);

/**
 * Is this Origin header the server's own? The server is reached at `publicUrl` and at whatever host the request names:
 * a page that lies about its host in DNS has no session cookie for it.
 */
export function isOwnOrigin(
  origin: string,
  server: { readonly publicUrl: string | null; readonly host: string | undefined },
): boolean {
  const asked = normal(origin);
  if (asked === undefined || asked === 'null') return false;
  if (asked === server.publicUrl) return true;
  const host = hostOf(server.host);
  // Behind a proxy that ends TLS the server sees http: the host decides.
  return host !== undefined && (asked === normal(`http://${host}`) || asked === normal(`https://${host}`));
}

/** May pages of this origin take part in the task? Without an Origin it is a program, let in to the other checks. */
export function mayEmbed(
  spec: Pick<TaskSpec, 'access'>,
  origin: string | undefined,
  server: { readonly publicUrl: string | null; readonly host: string | undefined },
): boolean {
  if (origin === undefined || isOwnOrigin(origin, server)) return true;
  const { allowedOrigins } = spec.access;
  const asked = normal(origin);
  return allowedOrigins.some((allowed) => allowed === '*' || (asked !== undefined && normal(allowed) === asked));
}
