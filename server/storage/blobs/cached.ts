import { Readable } from 'node:stream';
import { BugError } from '../../../shared/assert.ts';
import { isSha256, type Sha256 } from '../../../shared/ids.ts';
import type { FileBlobs } from './files.ts';
import { type BlobStore, CorruptBlobError, type RemoteBlobs } from './port.ts';

/**
 * Blobs of a store that every process reaches, with a folder of this machine in front: what is put is durable in the
 * store and lies in the folder too, what is read is brought into the folder once. Nothing depends on what the folder
 * holds: a blob that is absent or damaged there is brought again. `onDamaged` hears of one that is damaged in the store.
 */
export function cachedBlobs(
  cache: FileBlobs,
  store: RemoteBlobs,
  onDamaged: (sha256: Sha256) => void = () => {},
): BlobStore {
  const arriving = new Map<Sha256, Promise<boolean>>();

  /** Brings it here; those who wait for the same one share the way. False where the store does not have it. */
  const bring = (sha256: Sha256): Promise<boolean> => {
    const under = arriving.get(sha256);
    if (under) return under;
    const arrival = store
      .get(sha256)
      .then(async (bytes) => {
        if (bytes !== null) await cache.put(bytes);
        return bytes !== null;
      })
      .catch((error: unknown) => {
        if (error instanceof CorruptBlobError) onDamaged(sha256);
        throw error;
      })
      .finally(() => arriving.delete(sha256));
    arriving.set(sha256, arrival);
    return arrival;
  };
  const size = async (sha256: Sha256): Promise<number | null> => {
    const here = await cache.size(sha256).catch(nullIfDamaged);
    return here ?? ((await bring(sha256)) ? cache.size(sha256) : null);
  };
  const file = async (sha256: Sha256): Promise<string> => {
    const path = cache.path(sha256);
    if ((await size(sha256)) === null) throw new Error(`the blob ${sha256} is gone`);
    return path;
  };

  return {
    file,

    async put(bytes) {
      const sha256 = await store.put(bytes);
      await cache.put(bytes);
      return sha256;
    },

    async get(sha256) {
      const here = await cache.get(sha256).catch(nullIfDamaged);
      if (here !== null) return here;
      return (await bring(sha256)) ? cache.get(sha256) : null;
    },

    size,

    stream(sha256, { start, end }) {
      if (!isSha256(sha256)) throw new BugError('not the name of a blob');
      async function* read(): AsyncGenerator<Buffer> {
        await file(sha256);
        yield* cache.stream(sha256, { start, end }) as AsyncIterable<Buffer>;
      }
      return Readable.from(end < start ? [] : read(), { objectMode: false });
    },

    async sweep(referenced, graceMs, now) {
      await cache.sweep(referenced, graceMs, now);
      return store.sweep(referenced, graceMs, now);
    },
  };
}

function nullIfDamaged(error: unknown): null {
  if (error instanceof CorruptBlobError) return null;
  throw error;
}
