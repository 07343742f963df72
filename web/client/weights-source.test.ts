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

beforeAll(async () => {
  http = createServer((request, response) => {
    asked.push(request.url);
    tokens.push(request.headers['fedtab-join-token']);
    if (request.url?.endsWith('0')) response.writeHead(404).end('{}');
    else response.end(body);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(() => void http.close());

const get = (number: number, bytes: number, server = address, signal = new AbortController().signal) =>
  httpWeights(server).fetch(sha256Of(number), bytes, signal);

it('takes the weights by their hash, also below a path, and tells the hash that they have', async () => {
  expect(await get(1, 8)).toEqual({ bytes: body, sha256: sha256Hex(body) });
  expect((await get(2, 8, `${address}/learn`)).bytes).toEqual(body);
  expect(asked).toEqual([`/weights/${sha256Of(1)}`, `/learn/weights/${sha256Of(2)}`]);
});

it('shows a closed task’s token, and none where there is none', async () => {
  await httpWeights(address, 'let-me-in').fetch(sha256Of(3), 8, new AbortController().signal);
  await get(4, 8);
  expect(tokens.slice(-2)).toEqual(['let-me-in', undefined]);
});

it('rejects what is not there, and what is not as long as announced', async () => {
  await expect(get(0, 8)).rejects.toThrow('404');
  await expect(get(1, 7)).rejects.toThrow('longer');
  await expect(get(1, 9)).rejects.toThrow('shorter');
  await expect(get(1, 8, address, AbortSignal.abort())).rejects.toThrow();
});
