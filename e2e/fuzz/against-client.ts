import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Server, type Socket } from 'socket.io';
import { sha256Hex } from '../../shared/hash.ts';
import type { TaskId } from '../../shared/ids.ts';
import { assignmentOf, receiptOf, sha256Of, status, welcome } from '../../web/client/fakes/play.ts';
import { createFederatedClient, type FederatedClient } from '../../web/client/index.ts';
import { nodePorts } from '../../web/client/node.ts';
import { noiseTrainer } from '../sim/trainers.ts';
import { findingOf } from './finding.ts';
import { type Mutation, mutated, mutation, oddValue } from './mutations.ts';

const zeros = Buffer.alloc(12);
const base = { version: 0, sha256: sha256Hex(zeros), bytes: zeros.length };
const assignment = assignmentOf(1, { base });

/** What a server says by itself, as it would be right. */
const RIGHT: Readonly<Record<string, readonly unknown[]>> = {
  welcome: [welcome],
  status: [status],
  assign: [assignment],
  weights: [base, zeros],
  round: [{ number: 1, outcome: 'committed', version: 1, sha256: sha256Of(2), accepted: 1, yours: 'accepted' }],
  retry: [{ round: 1, afterMs: 0, beforeMs: 1 }],
  draining: [{ retryAfterMs: 1 }],
  refused: [{ ok: false, reason: 'rate', message: 'no', retryAfterMs: 1 }],
};
/** What it answers. */
const ANSWERS: readonly unknown[] = [
  { ok: true },
  { ok: true, assignment, receipt: null },
  { ok: true, received: [], receipt: null },
  { ok: true, receipt: receiptOf(1) },
  { ok: false, reason: 'draining', message: 'later', retryAfterMs: 1 },
];

type Step =
  | { readonly kind: 'say'; readonly event: string; readonly change: Mutation | null }
  | { readonly kind: 'odd'; readonly event: string; readonly args: readonly unknown[] }
  /** The answers to what the client asks from here on. */
  | { readonly kind: 'answer'; readonly answer: number; readonly change: Mutation | null }
  | { readonly kind: 'cut' };

const event = fc.constantFrom(...Object.keys(RIGHT));
const change = fc.option(mutation, { freq: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('say' as const), event, change }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('odd' as const),
      event: fc.oneof(event, fc.constantFrom('', 'constructor', '__proto__', 'nothing')),
      args: fc.array(oddValue, { maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), answer: fc.nat(ANSWERS.length - 1), change }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
);
const steps = fc.noBias(fc.array(step, { minLength: 1, maxLength: 100, size: 'max' }));

export interface ClientFuzzFigures {
  readonly messages: number;
  readonly failure: string | null;
}

/** A server that says right and wrong things to the real client engine, which must neither throw nor stop working. */
export async function fuzzClient(options: {
  readonly seed: number;
  readonly runs: number;
  readonly path?: string | undefined;
}): Promise<ClientFuzzFigures> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const server = new Server(http, { transports: ['websocket'], serveClient: false });
  let answer: unknown = { ok: true };
  let messages = 0;
  let sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.emit('welcome', welcome);
    socket.onAny((...args: unknown[]) => {
      const acknowledge = args.at(-1);
      if (typeof acknowledge !== 'function') return;
      messages += 1;
      acknowledge(answer);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const faults: unknown[] = [];
  const note = (error: unknown): void => void faults.push(error);
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) process.on(kind, note);

  const property = fc.asyncProperty(steps, async (script) => {
    answer = { ok: true };
    sockets = [];
    const client = createFederatedClient({
      ...{ server: url, task: 'digits' as TaskId },
      ports: nodePorts({ server: url, trainer: noiseTrainer(1) }),
      reconnect: { delayMs: () => 0 },
    });
    const isConnected = connected(client);
    await client.start();
    await isConnected;
    for (const one of script) {
      const socket = sockets.at(-1);
      if (one.kind === 'answer') answer = changed(ANSWERS[one.answer], one.change);
      else if (one.kind === 'cut') socket?.conn.close();
      else {
        const right = RIGHT[one.kind === 'say' ? one.event : ''] ?? [];
        const args = one.kind === 'odd' ? one.args : [changed(right[0], one.change), ...right.slice(1)];
        messages += 1;
        socket?.emit(one.event, ...args);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await client.leave();
    await client.close();
    if (faults.length > 0) throw faults.splice(0)[0];
    if (({} as { polluted?: unknown }).polluted !== undefined) throw new Error('a prototype was changed');
  });
  const { seed, runs, path } = options;
  const found = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) });
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) process.off(kind, note);
  await server.close();
  return { messages, failure: findingOf(found) };
}

const changed = (message: unknown, change: Mutation | null): unknown =>
  change === null ? message : mutated(message, change);

function connected(client: FederatedClient): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.subscribe((view) => {
      if (!view.connected) return;
      stop();
      resolve();
    });
  });
}
