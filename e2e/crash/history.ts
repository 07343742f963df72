import { createHash } from 'node:crypto';
import { fromBytes } from '../../shared/weights/vector.ts';
import type { RunningServer } from '../fixtures/server-process.ts';

interface ApiRound {
  readonly number: number;
  readonly outcome: 'committed' | 'abandoned' | null;
  readonly reason?: string;
  readonly baseVersion: number;
  readonly version?: number;
  readonly selected: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly late: number;
  readonly surplus: number;
  readonly dropped: number;
}
interface ApiCheckpoint {
  readonly version: number;
  readonly sha256: string;
}

/** A committed round and the cells that are in its aggregate. */
export interface CommittedRound {
  readonly number: number;
  readonly version: number;
  readonly cells: ReadonlySet<number>;
}

/** What was promised does not hold; other errors only say that it could not be read just now. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Reads what the server published and throws at the first thing that breaks I1 to I4 or the sum of assignments. */
export class History {
  readonly #weights = new Map<number, Float32Array>();
  readonly committed = new Map<number, CommittedRound>();
  /** Why a round that ended so did; where rounds may, for their reports are in one place then too. */
  readonly abandoned = new Map<number, string>();
  readonly #mayAbandon: boolean;

  constructor({ mayAbandon = false } = {}) {
    this.#mayAbandon = mayAbandon;
  }

  /** While rounds go on, what is current may be newer than what was listed before. */
  async read(server: RunningServer, task: string, { isRunning = false } = {}): Promise<void> {
    // Before the versions, so that what a round made is among them.
    const rounds = await server.adminJson<ApiRound[]>(`/api/tasks/${task}/rounds`);
    const checkpoints = await server.adminJson<ApiCheckpoint[]>(`/api/tasks/${task}/checkpoints`);
    checkpoints.forEach(({ version }, at) => {
      if (version !== at) throw new Violation(`versions are not dense: ${version} at place ${at}`);
    });
    const current = await server.adminJson<ApiCheckpoint>(`/api/tasks/${task}`);
    const newest = checkpoints.at(-1);
    if (!isRunning && (newest?.version !== current.version || newest.sha256 !== current.sha256))
      throw new Violation(`current is ${current.version}, the newest checkpoint is ${newest?.version}`);
    for (const { version, sha256 } of checkpoints) {
      if (!this.#weights.has(version)) this.#weights.set(version, await weightsOf(server, sha256));
    }
    for (const round of rounds) this.#check(round);
  }

  /** I4 after a restart: the version that is current loads anew, has its hash, and is what it was where it was read before. */
  async readCurrent(server: RunningServer, task: string): Promise<number> {
    const { version, sha256 } = await server.adminJson<ApiCheckpoint>(`/api/tasks/${task}`);
    const weights = await weightsOf(server, sha256);
    const before = this.#weights.get(version);
    if (before?.some((value, cell) => value !== weights[cell]))
      throw new Violation(`version ${version} has other weights after the restart`);
    this.#weights.set(version, weights);
    return version;
  }

  /** I1: what contributors heard of as accepted is counted in the round that it is of, where that one has committed. */
  holds(acknowledged: ReadonlyMap<number, { keys(): Iterable<number> }>): void {
    for (const [round, cells] of acknowledged) {
      const counted = this.committed.get(round)?.cells;
      for (const cell of cells.keys())
        if (counted?.has(cell) === false)
          throw new Violation(`round ${round}: the report of ${cell} was acknowledged and is lost`);
    }
  }

  #check(round: ApiRound): void {
    if (round.outcome === null || this.committed.has(round.number) || this.abandoned.has(round.number)) return;
    const rejected = Object.values(round.rejected).reduce((sum, count) => sum + count, 0);
    const ended = round.accepted + rejected + round.late + round.surplus + round.dropped;
    if (ended !== round.selected)
      throw new Violation(`round ${round.number}: ${ended} ended of ${round.selected} selected`);
    if (round.outcome === 'abandoned') {
      if (!this.#mayAbandon) throw new Violation(`round ${round.number} was abandoned: ${round.reason}`);
      this.abandoned.set(round.number, round.reason ?? '');
      return;
    }
    const version = round.version ?? -1;
    if (version !== round.baseVersion + 1)
      throw new Violation(`round ${round.number} made version ${version} of ${round.baseVersion}`);
    const cells = this.#cellsOf(round.number, round.baseVersion, version, round.accepted);
    if (cells.size !== round.accepted)
      throw new Violation(`round ${round.number}: ${round.accepted} accepted, ${cells.size} in the aggregate`);
    this.committed.set(round.number, { number: round.number, version, cells });
  }

  /** I2: every cell of the step is 0 or 1/n; anything else was counted twice, or invented. */
  #cellsOf(round: number, base: number, version: number, accepted: number): Set<number> {
    const before = this.#weights.get(base);
    const after = this.#weights.get(version);
    if (before === undefined || after === undefined)
      throw new Error(`round ${round}: no weights of version ${version}`);
    const cells = new Set<number>();
    after.forEach((value, cell) => {
      const share = (value - (before[cell] ?? Number.NaN)) * accepted;
      if (Math.abs(share - 1) < 1e-3) cells.add(cell);
      else if (!(Math.abs(share) < 1e-3)) throw new Violation(`round ${round}: cell ${cell} counts ${share} times`);
    });
    return cells;
  }
}

/** I4: it loads, and its bytes match its name. */
async function weightsOf(server: RunningServer, sha256: string): Promise<Float32Array> {
  const response = await fetch(`${server.url}/weights/${sha256}`);
  if (!response.ok) throw new Error(`weights ${sha256}: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) throw new Violation(`weights ${sha256} have the hash ${found}`);
  return fromBytes(bytes);
}
