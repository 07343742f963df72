import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '../../shared/hash.ts';
import { sha256Of } from './fakes/play.ts';
import { httpWeights } from './weights-source.ts';

const body = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
let http: Server;
let address: string;
const asked: (string | undefined)[] = [];
const tokens: (string | string[] | undefined)[] = [];
/** What lies between them gives this instead, unless it is told to ask the server. */
let badCopy: Uint8Array | null = null;

beforeAll(async () => {
  http = createServer((request, response) => {
    asked.push(request.url);
    tokens.push(request.headers['fedtab-join-token']);
    if (request.url?.endsWith('0')) response.writeHead(404).end('{}');
    else response.end(request.headers['cache-control'] === 'no-cache' ? body : (badCopy ?? body));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(() => void http.close());

const get = (number: number, bytes: number, server = address, signal = new AbortController().signal) =>
  httpWeights(server).fetch(sha256Of(number), bytes, signal);

const sha256 = sha256Hex(body);
const fetchThem = (server = address) => httpWeights(server).fetch(sha256, 8, new AbortController().signal);

it('takes the weights by their hash, also below a path, and tells the hash that they have', async () => {
  expect(await fetchThem()).toEqual({ bytes: body, sha256 });
  expect((await fetchThem(`${address}/learn`)).bytes).toEqual(body);
  expect(asked).toEqual([`/weights/${sha256}`, `/learn/weights/${sha256}`]);
});

it('C13: asks the server itself, once, for what a bad copy on the way has other bytes of', async () => {
  badCopy = body.map((value) => value ^ 1);
  asked.length = 0;
  expect(await fetchThem()).toEqual({ bytes: body, sha256 });
  expect(asked).toHaveLength(2);
  badCopy = null;
  asked.length = 0;
  expect(await get(1, 8)).toEqual({ bytes: body, sha256 });
  expect(asked).toHaveLength(2);
});

it('shows a closed task’s token, and none where there is none', async () => {
  await httpWeights(address, 'let-me-in').fetch(sha256Of(3), 8, new AbortController().signal);
  await get(4, 8);
  expect(tokens.slice(-4)).toEqual(['let-me-in', 'let-me-in', undefined, undefined]);
});

it('rejects what is not there, and what is not as long as announced', async () => {
  await expect(get(0, 8)).rejects.toThrow('404');
  await expect(get(1, 7)).rejects.toThrow('longer');
  await expect(get(1, 9)).rejects.toThrow('shorter');
  await expect(get(1, 8, address, AbortSignal.abort())).rejects.toThrow();
});
