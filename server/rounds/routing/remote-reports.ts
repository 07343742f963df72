import { isRejection, type Refusal, refuse } from '../../../shared/errors.ts';
import type { ClientId, TaskId, UpdateId } from '../../../shared/ids.ts';
import type { ProcessId } from '../../cluster/bus.ts';
import type { Spool } from '../../storage/blobs/port.ts';
import type { CoordinatorLog } from '../coordinator-ports.ts';
import type { Arithmetic, ArrivedReport, CheckedReport, Coordinator } from '../port.ts';
import type { HeldReports } from './held-reports.ts';

/** A report whose bytes are at the process that says so. */
export type OfferedReport = Omit<ArrivedReport, 'writer' | 'elsewhere'> & {
  readonly updateId: UpdateId;
  readonly round: number;
};

type Answer = Awaited<ReturnType<Coordinator['report']>>;
/** `here`: this process has the task itself by now. */
export type OfferAnswer = Answer | 'here';

export interface RemoteReportsOptions {
  readonly spool: Pick<Spool, 'has' | 'release'>;
  readonly arithmetic: Pick<Arithmetic, 'check'>;
  readonly held: Pick<HeldReports, 'keeps'>;
  readonly admit: Coordinator['admit'];
  /** Tells whoever has the task that the report is no good. */
  readonly rejected: Coordinator['rejected'];
  /** Offers it to whoever has the task. */
  readonly offer: (task: TaskId, clientId: ClientId, offered: OfferedReport) => Promise<OfferAnswer>;
  readonly here: Coordinator['report'];
  /** Asks that process to make the bytes that it has durable. */
  readonly askToFinish: (from: ProcessId, task: TaskId, updateId: UpdateId) => Promise<unknown>;
  readonly log: CoordinatorLog;
}

/**
 * Reports that came to one process for a round of another. Whoever took the bytes checks them; whoever has the round
 * decides, has them made durable, and writes the receipt: in the order that holds within one process.
 */
export class RemoteReports {
  readonly #options: RemoteReportsOptions;
  readonly #here = new Map<UpdateId, ArrivedReport>();

  constructor(options: RemoteReportsOptions) {
    this.#options = options;
  }

  /** One whose bytes are here. */
  async take(task: TaskId, clientId: ClientId, arrived: ArrivedReport): Promise<Answer> {
    const { admit, arithmetic, rejected, offer, here, spool, held, log } = this.#options;
    const { token, sha256, bytes, metrics, writer } = arrived;
    // Whether its part is over by now is found by whoever has the round, which is offered it next.
    const admitted = arrived.admitted ?? (await admit(task, clientId, token));
    if ('ok' in admitted) {
      await writer.discard();
      return admitted;
    }
    const { round, updateId, expected, rule } = admitted;
    let checked: CheckedReport | Refusal;
    try {
      checked = await arithmetic.check(writer.path, { sha256, bytes }, expected, rule);
    } catch (error) {
      // When a round ends its files go, also those that are just being looked at.
      log.warn({ err: error, task, round }, 'a report could not be checked');
      await writer.discard();
      const again = await admit(task, clientId, token);
      return 'ok' in again ? again : refuse('internal', 'the report could not be checked');
    }
    if (!checked.ok) {
      await writer.discard();
      if (isRejection(checked.reason)) rejected(task, clientId, token, checked.reason);
      return checked;
    }
    const kept = { ...arrived, writer: finishedOnce(writer) };
    this.#here.set(updateId, kept);
    let answer: OfferAnswer | undefined;
    try {
      answer = await offer(task, clientId, { token, sha256, bytes, metrics, checked, updateId, round });
      return answer === 'here' ? await here(task, clientId, { ...kept, checked }) : answer;
    } finally {
      if (this.#here.get(updateId) === kept) this.#here.delete(updateId);
      if (answer !== 'here') {
        // What is durable is in the database.
        await writer.discard();
        if (!held.keeps(task, updateId)) await spool.release(task, round, updateId);
      }
    }
  }

  /** One whose bytes are at another process, for the coordinator of this one. */
  from(process: ProcessId, task: TaskId, { updateId, round, ...report }: OfferedReport): ArrivedReport {
    const { askToFinish, spool } = this.#options;
    return {
      ...report,
      writer: {
        path: '',
        async finish() {
          await askToFinish(process, task, updateId);
        },
        // Whoever has the bytes discards them once it has its answer.
        discard: async () => {},
      },
      elsewhere: {
        process,
        async bring() {
          if (!(await spool.has(task, round, updateId))) throw new Error(`the report ${updateId} did not come`);
        },
      },
    };
  }

  /** Another process has decided on one whose bytes are here. */
  async finish(updateId: UpdateId): Promise<void> {
    const arrived = this.#here.get(updateId);
    if (arrived === undefined) throw new Error(`the report ${updateId} is not here any more`);
    await arrived.writer.finish();
  }
}

/** Whoever had the task before may have had it finished, and written no receipt. */
function finishedOnce(writer: ArrivedReport['writer']): ArrivedReport['writer'] {
  let finished: Promise<void> | undefined;
  return {
    path: writer.path,
    finish() {
      finished ??= writer.finish();
      return finished;
    },
    discard: () => writer.discard(),
  };
}
