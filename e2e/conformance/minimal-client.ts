import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { io, type Socket } from 'socket.io-client';

/**
 * A client written from PROTOCOL.md alone: it imports nothing of Fedtab. The numbers in brackets are its rules.
 */

export interface Work {
  readonly delta: Float32Array;
  readonly examples: number;
  readonly steps: number;
}
export interface Answer {
  readonly ok: boolean;
  readonly reason?: string;
  readonly retryAfterMs?: number;
  readonly received?: number[];
  readonly receipt?: { updateId: string; round: number; status: string; order: number } | null;
}
export interface Assignment {
  readonly round: number;
  readonly token: string;
  readonly base: { readonly version: number; readonly sha256: string; readonly bytes: number };
  readonly delivery: 'broadcast' | 'http' | 'held';
}
export interface Participation {
  readonly parameters: number;
  readonly layoutSha256: string;
}
interface Options {
  readonly train: (params: Float32Array, assignment: Assignment) => Work;
  readonly rounds?: number;
  readonly secret?: string;
  readonly joinToken?: string;
}

const CHUNK = 262_144;
const WINDOW = 4;
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const metrics = { lossBefore: null, lossAfter: null, accuracyBefore: null, accuracyAfter: null, trainingMs: 0 };

/** Connects [P1, P4] and waits for `welcome` [P6]. */
export async function join(url: string, task: string, auth: { secret?: string; joinToken?: string } = {}) {
  const secret = auth.secret ?? randomBytes(16).toString('hex');
  const handshake = { ...auth, protocol: { min: 1, max: 1 }, secret };
  const socket = io(url, {
    query: { task },
    auth: handshake,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  const welcome = await new Promise<{ clientId: string; participation: Participation }>((resolve, reject) => {
    socket.once('welcome', resolve);
    socket.once('connect_error', reject);
  });
  return { socket, ...welcome };
}

/** Sends an event for its ack; waits and sends it again when it came too fast [P9, P12]. */
export async function ask(socket: Socket, event: string, ...args: unknown[]): Promise<Answer> {
  const answer: Answer = await socket.timeout(30_000).emitWithAck(event, ...args);
  if (answer.reason !== 'rate') return answer;
  await sleep(answer.retryAfterMs ?? 100);
  return ask(socket, event, ...args);
}

/** The frame of a report [P21]. */
export function frameOf(work: Work, participation: Participation, assignment: Assignment): Buffer {
  const body = Buffer.from(work.delta.buffer, work.delta.byteOffset, work.delta.byteLength);
  const header = Buffer.alloc(96);
  header.write('FTR1');
  header.writeUInt32LE(participation.parameters, 8);
  header.writeUInt32LE(work.examples, 12);
  header.writeUInt32LE(work.steps, 16);
  header.writeUInt32LE(body.byteLength, 20);
  header.write(participation.layoutSha256, 24, 'hex');
  header.write(assignment.base.sha256, 56, 'hex');
  return Buffer.concat([header, body]);
}

/** Announces, sends the chunks that are missing and ends the report [P22 to P27]. */
export async function report(socket: Socket, token: string, frame: Buffer): Promise<Answer> {
  const begun = await ask(socket, 'report-begin', { token, bytes: frame.byteLength, sha256: sha256(frame), metrics });
  if (!begun.ok || begun.receipt) return begun;
  const missing = Array.from({ length: Math.ceil(frame.byteLength / CHUNK) }, (_, index) => index).filter(
    (index) => !begun.received?.includes(index),
  );
  const refused: Answer[] = [];
  const sender = async (): Promise<void> => {
    for (let index = missing.shift(); index !== undefined && refused.length === 0; index = missing.shift()) {
      const chunk = frame.subarray(index * CHUNK, (index + 1) * CHUNK);
      const answer = await ask(socket, 'report-chunk', { token, index, crc32: crc32(chunk) }, chunk);
      if (answer.reason === 'chunk') missing.push(index);
      else if (!answer.ok) refused.push(answer);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, sender));
  return refused[0] ?? ask(socket, 'report-end', { token });
}

/** Takes part until so many of its reports were accepted; gives their receipts [P13 to P18]. */
export async function takePart(url: string, task: string, { train, rounds = 1, ...auth }: Options): Promise<Answer[]> {
  const { socket, participation } = await join(url, task, auth);
  const answers: Answer[] = [];
  let weights = new Map<string, Buffer>();
  const checkIn = () =>
    ask(socket, 'check-in', { examples: 1, backend: 'other', held: [...weights.keys()][0] ?? null });

  return new Promise((resolve, reject) => {
    const work = async (assignment: Assignment): Promise<void> => {
      const { sha256: hash } = assignment.base;
      if (assignment.delivery === 'broadcast' && !weights.has(hash))
        await new Promise((got) => socket.once('weights', got));
      const bytes = weights.get(hash) ?? Buffer.from(await (await fetch(`${url}/weights/${hash}`)).arrayBuffer());
      if (sha256(bytes) !== hash) throw new Error('the weights do not match their hash');
      weights = new Map([[hash, bytes]]);
      const params = new Float32Array(new Uint8Array(bytes).buffer);
      answers.push(
        await report(socket, assignment.token, frameOf(train(params, assignment), participation, assignment)),
      );
    };
    socket.on('weights', (message: { sha256: string }, bytes: Buffer) => weights.set(message.sha256, bytes));
    socket.on('assign', (assignment: Assignment) => void work(assignment).catch(reject));
    socket.on(
      'retry',
      ({ afterMs, beforeMs }) => void sleep(afterMs + Math.random() * (beforeMs - afterMs)).then(checkIn),
    );
    socket.on('round', ({ yours }: { yours: string | null }) => {
      if (answers.filter((answer) => answer.ok).length < rounds)
        return void (yours !== null && checkIn().catch(reject));
      resolve(answers);
      socket.disconnect();
    });
    socket.on('refused', reject);
    socket.on('disconnect', (reason) => reject(new Error(reason)));
    checkIn().catch(reject);
  });
}
