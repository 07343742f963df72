import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';

export interface KeyPair {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;
/** What browsers accept at most of a certificate is 398 days. */
const LIFE_DAYS = 365;
const RENEWED_BEFORE_DAYS = 30;

/** An operator's own files. Rejects with a sentence that names the file. */
export async function readKeyPair(files: { readonly key: string; readonly cert: string }): Promise<KeyPair> {
  const [key, cert] = await Promise.all([readFile(files.key, 'utf8'), readFile(files.cert, 'utf8')]);
  try {
    new X509Certificate(cert);
  } catch {
    throw new Error(`${files.cert} is not a certificate in PEM`);
  }
  return { key, cert };
}

/**
 * The self-signed pair of this data folder, made when it is missing, near its end, or not for this machine's addresses:
 * kept, so that an exception a browser was told stays good.
 */
export async function selfSignedPair(folder: string, host: string, clock: Pick<Clock, 'now'>): Promise<KeyPair> {
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  const names = namesOf(host);
  const kept = await readKeyPair(files).catch(() => null);
  if (kept !== null && isGood(kept.cert, names, clock.now())) return kept;
  // Only who asks for it pays for loading it.
  const { generate } = await import('selfsigned');
  const pair = await generate([{ name: 'commonName', value: names.dns[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(clock.now() - DAY_MS),
    notAfterDate: new Date(clock.now() + LIFE_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.dns.map((value) => ({ type: 2 as const, value })),
          ...names.addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(files.key, pair.private, { mode: 0o600 });
  await writeFile(files.cert, pair.cert);
  return { key: pair.private, cert: pair.cert };
}

function isGood(pem: string, names: ReturnType<typeof namesOf>, now: number): boolean {
  const cert = new X509Certificate(pem);
  return (
    Date.parse(cert.validTo) - now > RENEWED_BEFORE_DAYS * DAY_MS &&
    names.addresses.every((address) => cert.checkIP(address) !== undefined) &&
    names.dns.every((name) => cert.checkHost(name) !== undefined)
  );
}

/** Every name and address under which this machine may be opened on its network. */
function namesOf(host: string): { readonly dns: readonly string[]; readonly addresses: readonly string[] } {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = ['127.0.0.1', '::1', ...interfaces.map(({ address }) => address).filter((a) => !a.includes('%'))];
  const dns = ['localhost', hostname(), ...(/^[a-z][a-z0-9.-]*$/i.test(host) ? [host] : [])];
  return {
    dns: [...new Set(dns.map((name) => name.toLowerCase()))].filter((name) => /^[a-z0-9.-]+$/.test(name)),
    addresses: [...new Set(addresses)],
  };
}
