import type { RefusalReason } from '../../shared/errors.ts';
import type { AssignmentToken } from '../../shared/ids.ts';
import type { Assignment, Participation } from '../../shared/protocol/index.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import { type BroadcastBox, download } from './download.ts';
import { HeldWeights } from './held-weights.ts';
import { copied } from './in-turns.ts';
import type { Happening } from './participation-state.ts';
import type { ClientPorts, CountResult } from './ports.ts';
import type { ReconnectPolicy } from './reconnect-policy.ts';
import { countReportOf, type Report, reportOf, sendReport } from './report.ts';
import { isUnanswered, type Session } from './transport.ts';
import { messageOf } from './waiting.ts';

export interface WorkOptions {
  readonly ports: ClientPorts;
  readonly policy: ReconnectPolicy;
  readonly box: BroadcastBox;
  readonly roll: () => number;
  readonly onReceived: (bytes: number) => void;
  /** Bytes sent so far, over all sessions. */
  readonly sentBytes: () => number;
  readonly report: (happening: Happening) => void;
}

/** What runs for the one assignment; `work` ends all of it, `upload` the sending alone. */
interface Run {
  readonly assignment: Assignment;
  readonly work: AbortController;
  upload: AbortController;
  report: Report | null;
  /** Σ c_i of SCAFFOLD, where the assignment offers it. */
  control: Uint8Array | null;
  /** The encoder waits to hear how its report ended. */
  isUnsettled: boolean;
}

const cannotCount: CountResult = { ok: false, reason: 'no-examples', message: 'no examples are set aside here' };

/** Downloads, trains (or scores) and sends for one assignment at a time. Once stopped, nothing of it is heard any more. */
export class AssignmentWork {
  readonly #options: WorkOptions;
  readonly #held: HeldWeights;
  readonly #running = new Set<Promise<void>>();
  #run: Run | null = null;
  /** The trainer trains one thing at a time: the next waits until the last has heeded its signal. */
  #training: Promise<unknown> = Promise.resolve();

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#held = options.ports.held ?? new HeldWeights();
  }

  /** Reports `weights` or `weights-failed`. */
  obtain(assignment: Assignment, participation: Participation): void {
    this.stop();
    const abort = { work: new AbortController(), upload: new AbortController() };
    const run: Run = { assignment, ...abort, report: null, control: null, isUnsettled: false };
    this.#run = run;
    const { token, base, control } = assignment;
    const { signal } = run.work;
    const { ports, policy, box, roll, onReceived } = this.#options;
    const failed = (message: string): Happening => ({ kind: 'weights-failed', token, message });
    const obtaining = async (): Promise<Happening> => {
      const held = this.#held;
      const how = {
        ...ports,
        box,
        source: ports.weights,
        policy,
        roll,
        onFetched: onReceived,
        signal,
        participation,
        held,
      };
      if (held.get(base.sha256) === null) {
        // No turn may pass before a broadcast is waited for.
        const stepped = assignment.steps && (await ports.steps?.(assignment, how));
        const got = stepped ? { ok: true as const, bytes: stepped } : await download(assignment, how);
        if (!got.ok) return failed(got.message);
        held.put(base.sha256, got.bytes);
      }
      if (control?.sum) {
        const got = await download({ base: control.sum, delivery: 'http' }, how);
        if (!got.ok) return failed(got.message);
        run.control = got.bytes;
      }
      return { kind: 'weights', token };
    };
    this.#launch(signal, obtaining, failed);
  }

  /** Reports `progress`, then `trained` or `training-failed`; in an evaluation round it scores instead. */
  train(participation: Participation): void {
    const run = this.#run;
    if (run === null) return;
    const { token, base, seed, control, updateId } = run.assignment;
    const { signal } = run.work;
    const failed = (message: string): Happening => ({ kind: 'training-failed', token, reason: 'failed', message });
    const onProgress = (progress: Extract<Happening, { kind: 'progress' }>['progress']): void => {
      if (!signal.aborted) this.#options.report({ kind: 'progress', token, progress });
    };
    const training = async (): Promise<Happening | null> => {
      await this.#training;
      if (signal.aborted) return null;
      const bytes = this.#held.get(base.sha256);
      if (bytes === null) return failed('the weights are gone');
      // A copy: the trainer may transfer it away, and what is held need not come again.
      const params = fromBytes(await copied(bytes));
      const sum = run.control && fromBytes(await copied(run.control));
      if (signal.aborted) return null;
      const { trainer } = this.#options.ports;
      if (run.assignment.purpose === 'evaluate') {
        // Counts are agreed to, and examples set aside, only where the task says so.
        const isAgreed = participation.client.heldOut === true;
        const counted = await this.#exclusive(
          () => (isAgreed ? trainer.score?.(params, { signal }) : undefined) ?? Promise.resolve(cannotCount),
        );
        if (!counted.ok) return { kind: 'training-failed', token, reason: counted.reason, message: counted.message };
        if (signal.aborted) return null;
        run.report = await countReportOf(run.assignment, counted);
        return { kind: 'trained', token, metrics: null };
      }
      const given = control === undefined ? {} : { control: { ...control, sum, updateId } };
      const result = await this.#exclusive(() => trainer.train(params, { seed, onProgress, signal, ...given }));
      if (!result.ok) return { kind: 'training-failed', token, reason: result.reason, message: result.message };
      if (signal.aborted) return null;
      const { encoder } = this.#options.ports;
      const keeps = participation.codec.up !== 'float32' || participation.client.reportMomentum !== undefined;
      run.isUnsettled = encoder !== undefined && keeps;
      run.report = await reportOf(participation, run.assignment, result, encoder);
      return { kind: 'trained', token, metrics: result.metrics };
    };
    this.#launch(signal, training, failed);
  }

  /** Reports `upload-progress`, then `report-accepted` or `report-refused`; nothing where the session ends first. */
  upload(session: Session): void {
    const run = this.#run;
    if (run?.report == null) return;
    const { report } = run;
    const { token } = report;
    run.upload = new AbortController();
    const { signal } = run.upload;
    const { clock } = this.#options.ports;
    const beforeBytes = this.#options.sentBytes();
    const onProgress = (share: number): void => this.#options.report({ kind: 'upload-progress', token, share });
    const refused = (reason: RefusalReason, message: string, retryAfterMs: number | null): Happening => {
      const sentBytes = this.#options.sentBytes() - beforeBytes;
      return { kind: 'report-refused', token, reason, message, retryAfterMs, sentBytes };
    };
    const sending = async (): Promise<Happening | null> => {
      const answer = await sendReport(session, report, { clock, onProgress, signal });
      if (isUnanswered(answer)) return null;
      if (!answer.ok) return refused(answer.reason, answer.message, answer.retryAfterMs ?? null);
      this.accepted(token);
      const sentBytes = this.#options.sentBytes() - beforeBytes;
      return { kind: 'report-accepted', token, receipt: answer.receipt, sentBytes };
    };
    this.#launch(signal, sending, (message) => refused('internal', message, null));
  }

  stopUpload(): void {
    this.#run?.upload.abort();
  }

  /** The server has the report of this assignment, as it has just said or said before the connection was cut. */
  accepted(token: AssignmentToken): void {
    if (this.#run?.assignment.token === token) this.#settle(this.#run, true);
  }

  /** Ends whatever runs and forgets the report. */
  stop(): void {
    const run = this.#run;
    run?.work.abort();
    run?.upload.abort();
    this.#run = null;
    if (run !== null) this.#settle(run, false);
  }

  /** What cannot be kept is lost: the next report does without it. */
  #settle(run: Run, isAccepted: boolean): void {
    if (!run.isUnsettled) return;
    run.isUnsettled = false;
    void this.#options.ports.encoder?.settle(isAccepted).catch(() => {});
  }

  /** Resolves when nothing runs any more; soon after `stop`, if the trainer heeds its signal. */
  async settled(): Promise<void> {
    await Promise.all([...this.#running]);
  }

  /** Lets go of the weights, unless others share them. */
  clear(): void {
    if (this.#options.ports.held === undefined) this.#held.clear();
  }

  #exclusive<Value>(work: () => Promise<Value>): Promise<Value> {
    const running = work();
    this.#training = running.catch(() => undefined);
    return running;
  }

  #launch(signal: AbortSignal, part: () => Promise<Happening | null>, failed: (message: string) => Happening): void {
    const running: Promise<void> = part()
      .catch((error: unknown) => failed(messageOf(error)))
      .then((happening) => {
        this.#running.delete(running);
        if (happening !== null && !signal.aborted) this.#options.report(happening);
      });
    this.#running.add(running);
  }
}
