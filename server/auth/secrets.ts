import { createHash, timingSafeEqual } from 'node:crypto';
import type { Sha256 } from '../../shared/ids.ts';
import type { SecureRng } from '../../shared/rng.ts';

/** A secret of 256 random bits, 43 characters of base64url: sessions, links and tickets. */
export const newSecret = (random: SecureRng): string => Buffer.from(random.bytes(32)).toString('base64url');

/** What is kept of a secret. Random secrets need no salt and no slow hash. */
export const hashSecret = (secret: string): Sha256 => createHash('sha256').update(secret).digest('hex') as Sha256;

/** Do both have the same text? Takes the same time wherever they differ, and whatever their lengths. */
export const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
