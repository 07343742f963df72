import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The address that limits are kept by. `X-Forwarded-For` is read only as far as `trustedHops` proxies of ours wrote
 * it: with n of them the n-th entry from the right; what a client wrote itself stands further left and counts for
 * nothing. An IPv6 subscriber owns a /64, so that is the unit.
 */
export function clientAddress(
  remoteAddress: string | undefined,
  forwardedFor: string | readonly string[] | undefined,
  trustedHops: number,
): string {
  const written = typeof forwardedFor === 'string' ? forwardedFor : (forwardedFor ?? []).join(',');
  const chain = written.split(',').map((entry) => entry.trim());
  const forwarded = trustedHops > 0 && written !== '' ? chain[Math.max(0, chain.length - trustedHops)] : undefined;
  return limitedBy(forwarded ?? remoteAddress ?? '');
}

/**
 * Names for networks that tell nothing else: the same for every address of a /24 or /48, under one salt. `address` is what
 * `clientAddress` gives.
 */
export function networkNames(salt: Uint8Array): (address: string) => string {
  return (address) => createHmac('sha256', salt).update(networkOf(address)).digest('hex').slice(0, 16);
}

function networkOf(address: string): string {
  if (isIPv4(address)) return address.split('.').slice(0, 3).join('.');
  return address.endsWith('::/64') ? address.split(':').slice(0, 3).join(':') : address;
}

function limitedBy(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return 'unknown';
  const [head = '', tail] = bare.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
