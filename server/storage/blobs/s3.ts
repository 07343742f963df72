import { AwsClient } from 'aws4fetch';
import { BugError } from '../../../shared/assert.ts';
import { isSha256, type Sha256 } from '../../../shared/ids.ts';
import { StorageFullError, StorageIoError } from '../errors.ts';
import { type HashOf, offTheLoop } from './files.ts';
import { CorruptBlobError, type RemoteBlobs, type S3Keys } from './port.ts';

/** An answer that is not there after so long and a second for every 100 kB does not come any more. */
const PATIENCE_MS = 30_000;
const BYTES_PER_MS = 100;
/** After 50, 100 and 200 ms at most: what waits for it has a limit of its own. */
const RETRIES = 3;
/** What is said of an answer that is no good. */
const ANSWER_CHARACTERS = 300;

/**
 * Blobs as objects of an S3 bucket, each under its hash: `url` is that of the bucket with the path before the names
 * (`https://s3.example.org/bucket/fedtab`). Requests are signed with the hash of their body, which the store checks.
 */
export function s3Blobs(url: string, keys: S3Keys, hashOf: HashOf = offTheLoop): RemoteBlobs {
  const { sessionToken, ...needed } = keys;
  const client = new AwsClient({
    ...{ ...needed, service: 's3', retries: RETRIES },
    ...(sessionToken === undefined ? {} : { sessionToken }),
  });
  const bucket = bucketOf(url);
  const objectOf = (sha256: Sha256): string => {
    if (!isSha256(sha256)) throw new BugError('not the name of a blob');
    return `${url}/${sha256}`;
  };

  async function ask(
    method: 'GET' | 'PUT' | 'DELETE',
    target: string,
    body: { readonly bytes: Uint8Array; readonly sha256: Sha256 } | null = null,
  ): Promise<Response> {
    const patienceMs = PATIENCE_MS + Math.ceil((body?.bytes.byteLength ?? 0) / BYTES_PER_MS);
    try {
      return await client.fetch(target, {
        method,
        signal: AbortSignal.timeout(patienceMs),
        headers: { 'x-amz-content-sha256': body?.sha256 ?? EMPTY_SHA256 },
        ...(body === null ? {} : { body: body.bytes as Uint8Array<ArrayBuffer> }),
      });
    } catch (error) {
      throw new StorageIoError(`the store of blobs does not answer: ${error instanceof Error ? error.message : error}`);
    }
  }
  async function refusedBy(what: string, response: Response): Promise<Error> {
    const text = (await response.text().catch(() => '')).slice(0, ANSWER_CHARACTERS);
    const said = `the store of blobs refuses to ${what}: ${response.status} ${text}`;
    return response.status === 507 ? new StorageFullError(said) : new StorageIoError(said);
  }

  return {
    async put(bytes) {
      const sha256 = await hashOf(bytes);
      // What is there already becomes as young as a new one, and whole if it was not.
      const response = await ask('PUT', objectOf(sha256), { bytes, sha256 });
      if (!response.ok) throw await refusedBy('keep one', response);
      await response.body?.cancel();
      return sha256;
    },

    async get(sha256) {
      const response = await ask('GET', objectOf(sha256));
      if (response.status === 404) {
        await response.body?.cancel();
        return null;
      }
      if (!response.ok) throw await refusedBy('give one', response);
      const bytes = await response.arrayBuffer().catch((error: unknown) => {
        throw new StorageIoError(`the store of blobs broke off: ${error instanceof Error ? error.message : error}`);
      });
      const found = new Uint8Array(bytes);
      if ((await hashOf(found)) !== sha256)
        throw new CorruptBlobError(`blob ${sha256} in the store: the bytes do not have this hash`);
      return found;
    },

    async sweep(referenced, graceMs, now) {
      let removed = 0;
      let next: string | null = '';
      while (next !== null) {
        const response = await ask('GET', listOf(bucket, next));
        if (!response.ok) throw await refusedBy('list them', response);
        const page = readList(await response.text());
        for (const { sha256, modifiedAt } of page.objects) {
          if (referenced.has(sha256) || now - modifiedAt <= graceMs) continue;
          const gone = await ask('DELETE', objectOf(sha256));
          if (!gone.ok && gone.status !== 404) throw await refusedBy('remove one', gone);
          await gone.body?.cancel();
          removed += 1;
        }
        ({ next } = page);
      }
      return removed;
    },
  };
}

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Bucket {
  readonly url: string;
  /** Before the hash; no slash, or one at its end. */
  readonly prefix: string;
}

/** The first part of the path is the bucket, the rest belongs to the names in it. */
function bucketOf(url: string): Bucket {
  const { origin, pathname } = new URL(url);
  const [bucket = '', ...rest] = pathname.split('/').filter((part) => part !== '');
  return { url: `${origin}/${bucket}`, prefix: rest.map((part) => `${decodeURIComponent(part)}/`).join('') };
}

function listOf({ url, prefix }: Bucket, continuation: string): string {
  const query = new URLSearchParams({ 'list-type': '2', prefix });
  if (continuation !== '') query.set('continuation-token', continuation);
  return `${url}?${query}`;
}

/** What is under our names in a page of ListObjectsV2, and where the next one begins. Other objects are not ours. */
export function readList(xml: string): {
  readonly objects: readonly { readonly sha256: Sha256; readonly modifiedAt: number }[];
  readonly next: string | null;
} {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, one = '']) => {
    const name = /<Key>(?:[^<]*\/)?([0-9a-f]{64})<\/Key>/.exec(one)?.[1];
    const modifiedAt = Date.parse(/<LastModified>([^<]*)<\/LastModified>/.exec(one)?.[1] ?? '');
    return name === undefined || Number.isNaN(modifiedAt) ? [] : [{ sha256: name as Sha256, modifiedAt }];
  });
  const token = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml)?.[1];
  return { objects, next: token === undefined ? null : unescaped(token) };
}

const unescaped = (text: string): string =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
