import { createHmac } from 'node:crypto';
import type { SecureRng } from '../../shared/rng.ts';

// Standard Webhooks 1.0 (standardwebhooks.com), "Signature scheme": HMAC-SHA-256 over `id.timestamp.body`, whose key is what
// follows `whsec_` in base64. Any receiver's library checks it.

const PREFIX = 'whsec_';

/** 256 random bits. */
export const newSigningSecret = (random: SecureRng): string =>
  `${PREFIX}${Buffer.from(random.bytes(32)).toString('base64')}`;

/** Headers that say who sent this, when, and that nobody changed it on the way. */
export function signatureHeaders(secret: string, id: string, atMs: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
