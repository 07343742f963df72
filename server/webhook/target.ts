import { isIP } from 'node:net';
import { fail, type Result, succeed } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/limits.ts';
import { isPublicAddress } from './addresses.ts';

/** Hosts that the operator allows whatever their address, and by http as well: `host` or `host:port`, as a URL has them. */
export type AllowedHosts = readonly string[];

/** The addresses of a name. Rejects when it has none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** A URL that may be posted to, and the one address that is connected to for it. */
export interface Target {
  readonly url: URL;
  readonly address: string;
}

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');

const isAllowed = (url: URL, allowed: AllowedHosts): boolean =>
  allowed.includes(url.hostname) || allowed.includes(`${url.hostname}:${portOf(url)}`);

/** The URL, where it may be one of a webhook by what it says; whether its host's address may, is told by `pinned`. */
export function readTarget(text: string, allowed: AllowedHosts): Result<URL, string> {
  if (text.length > LIMITS.webhookUrlCharacters || !URL.canParse(text))
    return fail('must be a URL such as https://hooks.example.org/fedtab');
  const url = new URL(text);
  if (url.username + url.password !== '') return fail('must hold no user and no password');
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isAllowed(url, allowed))) {
    url.hash = '';
    return succeed(url);
  }
  return fail('must start with https://; the operator may allow other hosts (FEDTAB_WEBHOOK_ALLOW)');
}

/**
 * Resolves the host once, now, and names the address to connect to: what a name means may change between a check and a
 * connection. A name of which a single address is not public is refused whole.
 */
export async function pinned(url: URL, allowed: AllowedHosts, resolve: Resolve): Promise<Result<Target, string>> {
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  let addresses: readonly string[];
  try {
    addresses = isIP(bare) === 0 ? await resolve(bare) : [bare];
  } catch {
    return fail('its host is not known');
  }
  const [address] = addresses;
  if (address === undefined) return fail('its host is not known');
  if (!isAllowed(url, allowed) && !addresses.every(isPublicAddress))
    return fail('its host is no public one; the operator may allow it (FEDTAB_WEBHOOK_ALLOW)');
  return succeed({ url, address });
}
