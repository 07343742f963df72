import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsV4Signer } from 'aws4fetch';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StorageFullError, StorageIoError } from '../errors.ts';
import { cachedBlobs } from './cached.ts';
import { blobContract, bytesOf, nameOf } from './contract.ts';
import { fileBlobs } from './files.ts';
import { S3Server, signatureOf } from './fixtures/s3-server.ts';
import { CorruptBlobError } from './port.ts';
import { readList, s3Blobs } from './s3.ts';

let server: S3Server;
const folders: string[] = [];
beforeAll(async () => {
  server = await S3Server.open();
});
afterAll(() => server.close());
afterEach(() => {
  server.objects.clear();
  server.instead = () => false;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
const store = (path = 'bucket/fedtab') => s3Blobs(`${server.url}/${path}`, server.keys);

describe('in S3', () =>
  blobContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fedtab-s3-'));
    folders.push(folder);
    return cachedBlobs(fileBlobs(folder), store());
  }));

/** "Example: GET Object" of the same page of the Amazon S3 API Reference. */
it('requests have the signature that is documented', async () => {
  const keys = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
  };
  const expected = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41';
  const headers = {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': nameOf(new Uint8Array()),
    'x-amz-date': '20130524T000000Z',
  };
  const names = ['host', 'range', 'x-amz-content-sha256', 'x-amz-date'];
  expect(signatureOf({ method: 'GET', path: '/test.txt', headers }, names, keys)).toBe(expected);
  const { host: _, ...sent } = headers;
  const signer = new AwsV4Signer({
    ...{ ...keys, service: 's3', method: 'GET', url: 'https://examplebucket.s3.amazonaws.com/test.txt' },
    ...{ headers: sent, datetime: headers['x-amz-date'], allHeaders: true },
  });
  expect(await signer.signature()).toBe(expected);
});

it('a store takes nothing that is not signed with its key', async () => {
  const wrong = s3Blobs(`${server.url}/bucket`, { ...server.keys, secretAccessKey: 'another' });
  await expect(wrong.put(bytesOf('a'))).rejects.toThrow(StorageIoError);
  await expect(wrong.get(nameOf(bytesOf('a')))).rejects.toThrow('SignatureDoesNotMatch');
  expect(server.objects.size).toBe(0);
});

it('what others keep in the bucket is not listed as ours, and not removed', async () => {
  const sha256 = nameOf(bytesOf('ours'));
  const blobs = store();
  await blobs.put(bytesOf('ours'));
  const [there] = server.objects.values();
  if (there === undefined) throw new Error('nothing was kept');
  for (const key of ['bucket/other', `bucket/other/${sha256}`, 'bucket/fedtab/readme & more'])
    server.objects.set(key, there);
  expect(await blobs.sweep(new Set(), 0, Date.now() + 60_000)).toBe(1);
  expect([...server.objects.keys()].sort()).toEqual([
    'bucket/fedtab/readme & more',
    'bucket/other',
    `bucket/other/${sha256}`,
  ]);
});

it('in a bucket of its own, a page after the other is swept', async () => {
  const blobs = store('bucket');
  for (let at = 0; at < 7; at++) await blobs.put(bytesOf(`blob ${at}`));
  expect(await blobs.sweep(new Set([nameOf(bytesOf('blob 3'))]), 0, Date.now() + 60_000)).toBe(6);
  expect(server.objects.size).toBe(1);
});

it('a damaged one is not given out', async () => {
  const blobs = store();
  const sha256 = await blobs.put(bytesOf('whole'));
  server.objects.set(`bucket/fedtab/${sha256}`, { bytes: Buffer.from('hole!'), modifiedAt: 0 });
  await expect(blobs.get(sha256)).rejects.toThrow(CorruptBlobError);
  await blobs.put(bytesOf('whole'));
  expect(String(Buffer.from((await blobs.get(sha256)) ?? []))).toBe('whole');
});

it('a store that fails is asked again, and then it is said', async () => {
  const blobs = store();
  let failures = 2;
  server.instead = (_, response) => {
    if (failures-- <= 0) return false;
    response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    return true;
  };
  const sha256 = await blobs.put(bytesOf('a'));
  server.instead = (_, response) => {
    response.writeHead(500).end('broken');
    return true;
  };
  await expect(blobs.get(sha256)).rejects.toThrow(/refuses to give one: 500 broken/);
  server.instead = (_, response) => {
    response.writeHead(507).end('full');
    return true;
  };
  await expect(blobs.put(bytesOf('b'))).rejects.toThrow(StorageFullError);
  server.instead = (request) => {
    request.socket.destroy();
    return true;
  };
  await expect(blobs.get(sha256)).rejects.toThrow(StorageIoError);
});

it('lists are read as they are written', () => {
  expect(readList('<ListBucketResult/>')).toEqual({ objects: [], next: null });
  expect(readList('<NextContinuationToken>a&amp;b&lt;</NextContinuationToken>').next).toBe('a&b<');
});
