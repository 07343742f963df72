import { postgresBlobs } from '../postgres/blobs.ts';
import { Postgres } from '../postgres/postgres.ts';
import { cachedBlobs } from './cached.ts';
import { fileBlobs, type HashOf } from './files.ts';
import type { BlobPlace, BlobStore } from './port.ts';
import { s3Blobs } from './s3.ts';

/** A thread does one thing after another, and a blob is read in pieces of one transaction. */
const CONNECTIONS_COUNT = 2;

/** The blobs of a place that is there already, for a thread, with connections of its own that end with it. */
export function openBlobs(place: BlobPlace, hashOf: HashOf): BlobStore {
  if (place.kind === 'folder') return fileBlobs(place.folder, hashOf);
  if (place.kind === 's3')
    return cachedBlobs(fileBlobs(place.cacheFolder, hashOf), s3Blobs(place.url, place.keys, hashOf));
  const database = new Postgres(place.url, CONNECTIONS_COUNT);
  return cachedBlobs(fileBlobs(place.cacheFolder, hashOf), postgresBlobs(database, hashOf));
}
