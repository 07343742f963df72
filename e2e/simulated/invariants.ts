import { createHash } from 'node:crypto';
import type { CheckpointRow, ReceiptRow, RoundRow } from '../../server/storage/port.ts';
import type { TaskId, UpdateId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import type { Disk } from './disk.ts';

/** What clients were told, and whose reports they are. */
export interface Told {
  readonly cellOf: ReadonlyMap<UpdateId, number>;
  /** Version that each part trained from. */
  readonly baseOf: ReadonlyMap<UpdateId, number>;
  readonly acknowledged: ReadonlyMap<UpdateId, number>;
  readonly forgotten: ReadonlySet<number>;
}

export class Violation extends Error {
  override readonly name = 'Violation';
}

function hold(isTrue: boolean, what: string): asserts isTrue {
  if (!isTrue) throw new Violation(what);
}

/** Read from what is durable, beside every process: each round as it has ended, and everything once all is quiet. */
export class Invariants {
  readonly #disk: Disk;
  readonly #task: TaskId;
  readonly #spec: TaskSpec;
  readonly #told: Told;
  readonly #params = new Map<number, Float32Array>();
  #checked = 0;
  committed = 0;
  counted = 0;
  readonly abandoned = new Map<string, number>();

  constructor(disk: Disk, spec: TaskSpec, told: Told) {
    this.#disk = disk;
    this.#task = spec.id;
    this.#spec = spec;
    this.#told = told;
  }

  get ended(): number {
    return this.#checked;
  }

  /** Every round that has ended since. */
  async look(): Promise<void> {
    const { rounds } = this.#disk.storage;
    const last = await rounds.lastNumber(this.#task);
    if (last === this.#checked) return;
    for (const round of await rounds.list(this.#task, last - this.#checked)) {
      hold(round.number === this.#checked + 1, `I3: round ${round.number} follows ${this.#checked}`);
      if (round.outcome === null) {
        hold(round.number === last, `I3: round ${round.number} is open, and ${last} is there`);
        return;
      }
      await this.#round(round);
      this.#checked = round.number;
    }
  }

  async #round(round: RoundRow): Promise<void> {
    const { rounds } = this.#disk.storage;
    const name = `round ${round.number}`;
    const rejected = Object.values(round.rejected).reduce((sum, count) => sum + count, 0);
    const parts = round.accepted + rejected + round.late + round.surplus + round.dropped;
    hold(parts === round.selected, `I8: ${name}: ${parts} ended of ${round.selected} selected`);
    const receipts = await rounds.receiptsOf(this.#task, round.number);
    const counted = receipts.filter(({ status }) => status === 'counted');
    for (const { updateId, status } of receipts) {
      hold(status !== 'accepted', `I1: ${name} is over, and ${updateId} is neither counted nor abandoned`);
      hold(this.#told.cellOf.has(updateId), `I2: ${name}: nobody had a part ${updateId}`);
    }
    if (round.outcome === 'abandoned') {
      hold(counted.length === 0, `I1: ${name} is abandoned and counts ${counted.length}`);
      hold(round.reason !== null, `I1: ${name} is abandoned without a reason`);
      this.abandoned.set(round.reason, (this.abandoned.get(round.reason) ?? 0) + 1);
      return;
    }
    for (const { updateId, status } of receipts)
      hold(
        status === 'counted' ||
          (status === 'withdrawn' && this.#told.forgotten.has(this.#told.cellOf.get(updateId) ?? -1)),
        `I1: ${name} is committed, and ${updateId} is ${status}`,
      );
    hold(counted.length === round.accepted, `I8: ${name}: ${round.accepted} accepted, ${counted.length} counted`);
    hold(round.version === round.baseVersion + 1, `I3: ${name} made ${round.version} of ${round.baseVersion}`);
    hold(
      counted.every(({ version }) => version === round.version),
      `I1: ${name} counts in another version`,
    );
    const checkpoint = await this.#disk.storage.checkpoints.get(this.#task, round.version);
    hold(checkpoint?.round === round.number, `I3: version ${round.version} is not of ${name}`);
    await this.#step(round, round.version, counted);
    this.committed += 1;
    this.counted += counted.length;
  }

  /** I2: what a version is, from the one before, by the reports that it counts and by nothing else. */
  async #step(round: RoundRow, version: number, counted: readonly ReceiptRow[]): Promise<void> {
    const [before, after] = [await this.#paramsOf(round.baseVersion), await this.#paramsOf(version)];
    const shares = new Map<number, number>();
    const { schedule } = this.#spec.strategy;
    for (const { updateId } of counted) {
      const cell = this.#told.cellOf.get(updateId) ?? -1;
      const behind = round.baseVersion - (this.#told.baseOf.get(updateId) ?? Number.NaN);
      const share = schedule?.kind === 'buffered' ? 1 / Math.sqrt(1 + behind) / schedule.size : 1 / counted.length;
      shares.set(cell, (shares.get(cell) ?? 0) + share);
    }
    before.forEach((value, cell) => {
      const [step, due] = [(after[cell] ?? Number.NaN) - value, shares.get(cell) ?? 0];
      hold(Math.abs(step - due) < 1e-4, `I2: round ${round.number}: cell ${cell} moved by ${step} and not by ${due}`);
    });
  }

  async #paramsOf(version: number): Promise<Float32Array> {
    const known = this.#params.get(version);
    if (known !== undefined) return known;
    const row = await this.#disk.storage.checkpoints.get(this.#task, version);
    hold(row !== null, `I3: there is no version ${version}`);
    const params = fromBytes(this.#blobOf(row));
    for (const old of this.#params.keys()) if (old < version - 2) this.#params.delete(old);
    this.#params.set(version, params);
    return params;
  }

  /** I4 of one version. */
  #blobOf({ version, sha256 }: CheckpointRow): Uint8Array {
    const bytes = this.#disk.blob(sha256);
    hold(bytes !== null, `I4: version ${version} has no weights`);
    hold(createHash('sha256').update(bytes).digest('hex') === sha256, `I4: version ${version} has other weights`);
    return bytes.slice();
  }

  noReportsLeft(): void {
    const left = this.#disk.reports();
    hold(left.length === 0, `I6: reports are left: ${left.join(', ')}`);
  }

  /** Nothing runs any more, and every round is over. */
  async atRest(): Promise<void> {
    await this.look();
    const { storage } = this.#disk;
    const last = await storage.rounds.lastNumber(this.#task);
    hold(last === this.#checked, `I7: round ${last} has not ended`);
    const checkpoints = await storage.checkpoints.list(this.#task);
    for (const [at, { version }] of checkpoints.entries())
      hold(version === at, `I3: version ${version} at place ${at}`);
    for (const row of checkpoints) if (row.kept) this.#blobOf(row);
    const current = await storage.tasks.get(this.#task);
    hold(current?.version === checkpoints.at(-1)?.version, 'I4: current is not the newest version');

    let found = 0;
    let withdrawn = 0;
    for (const [updateId, cell] of this.#told.acknowledged) {
      const receipt = await storage.rounds.receipt(updateId);
      hold(receipt !== null, `I1: ${updateId} of ${cell} was acknowledged and is lost`);
      hold(receipt.status !== 'accepted', `I1: ${updateId} of ${cell} is in no place`);
      if (receipt.status === 'withdrawn') {
        hold(this.#told.forgotten.has(cell), `I1: ${updateId} was withdrawn, and ${cell} never asked for it`);
        withdrawn += 1;
      } else if (receipt.status === 'abandoned') hold(receipt.reason !== null, `I1: ${updateId} without a reason`);
      found += 1;
    }
    hold(found === this.#told.acknowledged.size && withdrawn <= found, 'I8: the sums');

    this.noReportsLeft();
    const referenced = await storage.checkpoints.referenced();
    for (const sha256 of this.#disk.blobNames())
      hold(referenced.has(sha256), `I6: the blob ${sha256} belongs to nothing, a day later`);
  }
}
