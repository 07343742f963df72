import { isRejection, type Refusal, refuse } from '../../shared/errors.ts';
import { NO_METRICS, type Receipt } from '../../shared/protocol/index.ts';
import type { ReceiptOutcome } from '../storage/port.ts';
import type { CoordinatorPorts } from './coordinator-ports.ts';
import type { LiveRound } from './live-round.ts';
import { type Member, receiptOfRow } from './member.ts';
import type { Arithmetic, ArrivedReport, CheckedReport } from './port.ts';
import type { ReceiptBatches } from './receipt-batches.ts';
import { refusalOf } from './round-ending.ts';

type Answer = { readonly ok: true; readonly receipt: Receipt; readonly isDuplicate: boolean } | Refusal;

/** One report from a complete frame to a durable receipt (D2); the file is kept only if it is accepted. */
export class ReportIntake {
  readonly #ports: CoordinatorPorts;
  readonly #receipts: ReceiptBatches;

  constructor(ports: CoordinatorPorts, receipts: ReceiptBatches) {
    this.#ports = ports;
    this.#receipts = receipts;
  }

  /** Reports of one assignment are dealt with one after the other. */
  async take(round: LiveRound, member: Member, report: ArrivedReport): Promise<Answer> {
    while (member.arriving !== null) await member.arriving;
    const work = this.#take(round, member, report);
    const settled = work.then(
      () => {},
      () => {},
    );
    member.arriving = settled;
    try {
      return await work;
    } finally {
      if (member.arriving === settled) member.arriving = null;
    }
  }

  async #take(round: LiveRound, member: Member, report: ArrivedReport): Promise<Answer> {
    const { arithmetic, clock } = this.#ports;
    const refused = async (refusal: Refusal): Promise<Refusal> => {
      await this.#discard(report);
      return refusal;
    };
    if (member.receipt !== null) {
      await this.#discard(report);
      if (member.receipt.sha256 === report.sha256)
        return { ok: true, receipt: receiptOfRow(member.receipt), isDuplicate: true };
      return refuse('conflict', 'this assignment already has a report with other bytes');
    }
    const before = whyNot(round, member);
    if (before !== null) return refused(before);

    const announced = { sha256: report.sha256, bytes: report.bytes };
    let checked: Awaited<ReturnType<Arithmetic['check']>>;
    try {
      checked =
        report.checked ?? (await arithmetic.check(report.writer.path, announced, round.expectedOf(member), round.rule));
    } catch (error) {
      // When a round ends its files go, also those that are just being looked at.
      return refused(whyNot(round.presentOf(member), member) ?? this.#failed(round, member, error));
    }
    if (!checked.ok) {
      if (isRejection(checked.reason)) round.presentOf(member).reject(member, checked.reason);
      return refused(checked);
    }
    for (;;) {
      const current = round.presentOf(member);
      current.take({ kind: 'checked', slot: member.slot, at: clock.now() });
      if (current.partOf(member)?.standing === 'storing') return this.#store(current, member, report, checked);
      const after = whyNot(current, member);
      if (after !== null) return refused(after);
      if (!current.hasNext) return refused(refuse('draining', 'the server is shutting down', 1_000));
      // B3: the buffer is full, and this report is of the next fill.
      await current.moved();
    }
  }

  async #store(round: LiveRound, member: Member, report: ArrivedReport, checked: CheckedReport): Promise<Answer> {
    const { clock } = this.#ports;
    const { id: task } = round.host.spec;
    const { slot, updateId, clientId } = member;
    const { examples, steps, norm } = checked;
    const { sha256, bytes } = report;
    // E1: beside its counts a client may have said more.
    const metrics = round.purpose === 'evaluate' ? NO_METRICS : report.metrics;
    let outcome: ReceiptOutcome;
    try {
      await report.writer.finish();
      const place = await placeOf(round, report);
      outcome = await this.#receipts.accept({
        ...{ task, round: round.number, updateId, clientId, sha256, bytes, examples, steps, norm, metrics, place },
        fence: round.host.fence,
      });
    } catch (error) {
      await this.#discard(report);
      round.take({ kind: 'unstored', slot, at: clock.now() });
      return whyNot(round, member) ?? this.#failed(round, member, error);
    }
    if (!('receipt' in outcome)) {
      round.take({ kind: 'unstored', slot, at: clock.now() });
      if (outcome.kind === 'fenced') {
        round.host.fenced();
        return refuse('draining', 'another process has this task', 1_000);
      }
      return outcome.kind === 'conflict'
        ? refuse('conflict', 'this assignment already has a report with other bytes')
        : refuse('late', 'the round ended before the report was complete');
    }
    if (outcome.receipt.status !== 'accepted') {
      // These bytes were here before, and their client had them deleted.
      round.take({ kind: 'unstored', slot, at: clock.now() });
      round.take({ kind: 'gone', slot, at: clock.now() });
      return refuse('not-assigned', 'this report was withdrawn');
    }
    member.receipt = outcome.receipt;
    round.aggregate.add(outcome.receipt);
    round.take({ kind: 'stored', slot, at: clock.now() });
    return { ok: true, receipt: receiptOfRow(outcome.receipt), isDuplicate: outcome.kind === 'duplicate' };
  }

  /** Our fault, or our disk's: the assignment stays open. */
  #failed(round: LiveRound, { updateId }: Member, error: unknown): Refusal {
    const names = { task: round.host.spec.id, round: round.number, updateId };
    this.#ports.log.error({ err: error, ...names }, 'a report could not be stored');
    return isStorageFull(error)
      ? refuse('storage-full', 'the server has no room for it: nothing was kept', 10_000)
      : refuse('internal', 'the report could not be stored');
  }

  async #discard(report: ArrivedReport): Promise<void> {
    await report.writer.discard().catch((error: unknown) => {
      this.#ports.log.warn({ err: error }, 'a refused report could not be removed');
    });
  }
}

/** D11: one that another process took stays there if it adds up its own; else it is brought here. */
async function placeOf({ aggregate }: LiveRound, { elsewhere }: ArrivedReport): Promise<string | null> {
  if (elsewhere === undefined) return null;
  if (aggregate.isSum) return elsewhere.process;
  await elsewhere.bring();
  return null;
}

const whyNot = (round: LiveRound, member: Member): Refusal | null => {
  const part = round.partOf(member);
  return part === undefined ? refuse('not-assigned', 'there is no such assignment') : refusalOf(part);
};

/** Storage adapters name it so; files give the code. */
function isStorageFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return error.name === 'StorageFullError' || code === 'ENOSPC' || code === 'EDQUOT';
}
