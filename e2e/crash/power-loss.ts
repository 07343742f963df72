import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../server/cluster/fixtures/free-port.ts';
import { openStorage } from '../../server/storage/index.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { TaskId, UpdateId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { memorySecrets } from '../../web/client/memory-secrets.ts';
import type { SecretStore } from '../../web/client/ports.ts';
import { startServer } from '../fixtures/server.ts';
import { Contributors } from './contributors.ts';
import { CONTRIBUTORS, firstRound, task, versionOf } from './every-call.ts';
import { History, Violation } from './history.ts';
import { Disk, type Image, layOut, type NewNames, nameOf, type Writes } from './lost-power.ts';
import { Gate } from './one-hot.ts';
import { type Call, readStraceLog } from './strace-log.ts';

export interface PowerLossOptions {
  /** 1: every image is looked at; 10: every tenth, which ones the seed says. */
  readonly step: number;
  readonly seed: number;
  /** On every so-many-th of them a server is started, too. */
  readonly startEvery: number;
  readonly say?: (line: string) => void;
}

export interface PowerLoss {
  readonly syncs: number;
  /** That were looked at, of those that differ in what is on the disk, or in what had been promised by then. */
  readonly images: number;
  readonly started: number;
  /** Images at whose moment a report was acknowledged and its round not committed. */
  readonly betweenAckAndCommit: number;
}

/** What somebody outside had been told by a moment. */
interface Promised {
  readonly task: boolean;
  readonly updates: readonly UpdateId[];
  readonly version: boolean;
}

const ID = task.id as TaskId;
const NAMES: readonly NewNames[] = ['undone', 'kept'];
const WRITES: readonly Writes[] = ['lost', 'kept', 512, 4096];
const TRACED =
  'openat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,ftruncate,truncate,fallocate';
const LONGEST_STRING = 64 * 1024 * 1024;

interface Recording {
  readonly calls: readonly Call[];
  readonly folder: string;
  readonly port: number;
  readonly secrets: readonly SecretStore[];
  readonly cells: ReadonlyMap<UpdateId, number>;
}

/**
 * One round of a server on SQLite, from an empty folder to its version, is recorded by strace. From the record come the folders that a
 * disk may hold if the power goes as an fsync begins: with names whose folder was not synced or without, and with what was written and not
 * synced lost, kept, or lost in pieces. Each must open with all that had been promised; on some a server starts, and the round commits.
 * Throws at the first that breaks I1 to I4.
 */
export async function lostPower({ step, seed, startEvery, say = () => {} }: PowerLossOptions): Promise<PowerLoss> {
  const rng = seededRng(seed);
  const recording = await record();
  const seen = new Set<string>();
  const found: { readonly image: Image; readonly promised: Promised; readonly what: string }[] = [];
  let syncs = 0;
  const disk = new Disk(recording.folder);
  disk.replay(recording.calls, (line) => {
    syncs += 1;
    const promised = promisedBefore(recording.calls, line);
    for (const names of NAMES)
      for (const writes of WRITES) {
        const image = disk.image(names, writes, rng);
        const name = `${nameOf(image)} ${JSON.stringify(promised)}`;
        if (seen.has(name)) continue;
        seen.add(name);
        found.push({ image, promised, what: `fsync ${syncs}, new names ${names}, unsynced writes ${writes}` });
      }
  });
  say(`${syncs} fsyncs, ${found.length} images`);

  const first = rng.below(step);
  const images = found.filter((_, index) => index % step === first);
  const offset = rng.below(startEvery);
  let started = 0;
  for (const [index, { image, promised, what }] of images.entries()) {
    try {
      await inspect(image, promised);
      if (index % startEvery === offset) {
        await goOn(image, promised, recording);
        started += 1;
      }
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new Error(`${what} (seed ${seed}): ${said}`, { cause: error });
    }
    if ((index + 1) % 50 === 0) say(`${index + 1} images opened, a server started on ${started}`);
  }
  const between = images.filter(({ promised }) => promised.updates.length > 0 && !promised.version);
  return { syncs, images: images.length, started, betweenAckAndCommit: between.length };
}

const openGate = (): Gate => {
  const gate = new Gate();
  const everybody = Array.from({ length: CONTRIBUTORS }, (_, cell) => cell);
  for (let round = 1; round <= 20; round++) gate.open(round, everybody);
  return gate;
};

async function record(): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-power-'));
  const log = `${folder}.strace`;
  const trace = `trace=${TRACED.split(',')
    .map((name) => `?${name}`)
    .join(',')}`;
  const under = ['strace', '-f', '-qq', '-y', '-xx', '-s', String(LONGEST_STRING), '-e', trace, '-o', log];
  const secrets = Array.from({ length: CONTRIBUTORS }, memorySecrets);
  const port = await freePort();
  const server = await startServer({ dataFolder: folder, port, under });
  const contributors = new Contributors(server.url, ID, CONTRIBUTORS, openGate(), secrets);
  try {
    await firstRound(server, contributors);
    await server.stop();
    return { calls: readStraceLog(readFileSync(log, 'latin1')), folder, port, secrets, cells: contributors.cells };
  } finally {
    await contributors.close();
    await server.kill();
    await Promise.all([folder, log].map((path) => rm(path, { recursive: true, force: true })));
  }
}

/** What the server had sent, and so may have been read, before this line. */
function promisedBefore(calls: readonly Call[], line: number): Promised {
  const said = calls
    .filter(({ start, fd }) => start < line && fd?.path.startsWith('socket:') === true)
    .map(({ strings }) => String(Buffer.concat(strings)));
  return {
    task: said.some((text) => text.startsWith('HTTP/1.1 201')),
    updates: said.flatMap((text) => {
      const id = /"receipt":\{"updateId":"([0-9a-f]{32})"/.exec(text)?.[1];
      return id === undefined ? [] : [id as UpdateId];
    }),
    version: said.some((text) => text.includes('"outcome":"committed"')),
  };
}

async function withFolder(image: Image, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-power-'));
  try {
    layOut(image, folder);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** I1, I3, I4 of what is there before anybody goes on with it. */
const inspect = (image: Image, promised: Promised): Promise<void> =>
  withFolder(image, async (dataFolder) => {
    const { storage, blobs, spool, close } = await openStorage({ dataFolder });
    try {
      const row = await storage.tasks.get(ID);
      if (row === null) {
        if (promised.task) throw new Violation('the task is lost');
        return;
      }
      const checkpoints = await storage.checkpoints.list(ID);
      checkpoints.forEach(({ version }, at) => {
        if (version !== at) throw new Violation(`versions are not dense: ${version} at place ${at}`);
      });
      if (promised.version && row.version < 1) throw new Violation('the version that was announced is lost');
      for (const { version, sha256 } of checkpoints)
        if ((await blobs.get(sha256)) === null) throw new Violation(`the weights of version ${version} are lost`);
      for (const updateId of promised.updates)
        if ((await storage.rounds.receipt(updateId)) === null)
          throw new Violation(`the receipt of ${updateId} is lost`);
      for (const { updateId, round, status, sha256, bytes } of (await storage.rounds.unfinished(ID))?.receipts ?? []) {
        if (status !== 'accepted') throw new Violation(`the report ${updateId} of an open round is ${status}`);
        if (!(await spool.has(ID, round, updateId))) throw new Violation(`the report ${updateId} is lost`);
        const file = readFileSync(spool.path(ID, round, updateId));
        if (file.byteLength !== bytes || sha256Hex(file) !== sha256)
          throw new Violation(`the report ${updateId} is torn`);
      }
    } finally {
      await close();
    }
  });

/** The server starts on it, the same contributors come back, and the round commits with what was promised. */
const goOn = (image: Image, promised: Promised, { port, secrets, cells }: Recording): Promise<void> =>
  withFolder(image, async (dataFolder) => {
    const server = await startServer({ dataFolder, port });
    const contributors = new Contributors(server.url, ID, CONTRIBUTORS, openGate(), secrets);
    try {
      const history = new History();
      if ((await versionOf(server)) > 0) await history.readCurrent(server, ID);
      await firstRound(server, contributors);
      await history.read(server, ID);
      history.holds(new Map([[1, new Set(promised.updates.map((updateId) => cells.get(updateId) ?? -1))]]));
      history.holds(contributors.acknowledged);
      if (!history.committed.has(1)) throw new Violation('the round has not committed');
    } finally {
      await contributors.close();
      await server.kill();
    }
  });
