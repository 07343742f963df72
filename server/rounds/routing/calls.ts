import type { Clock } from '../../../shared/clock.ts';
import type { TaskId } from '../../../shared/ids.ts';
import type { Bus, ProcessId } from '../../cluster/bus.ts';
import type { CallMessage, RoutingMessage } from '../../cluster/messages.ts';

/** Nobody answered in time: whether it was done is not known. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Whoever has the task was asked, and that is this process by now, which does not hear itself. */
export class HereNowError extends NoAnswerError {}

/** Does what another process asks for; undefined when that is not for this process. */
export type Answerer = (from: ProcessId, call: CallMessage) => Promise<unknown> | undefined;

export interface CallOptions {
  readonly to?: ProcessId;
  readonly withinMs?: number;
  /** Done twice it is as done once: whoever takes the task over meanwhile is asked again. */
  readonly isRepeatable?: boolean;
}

interface Open {
  readonly to: ProcessId | undefined;
  readonly task: TaskId;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const WITHIN_MS = 8_000;
/** One process is asked again after twice the time before: its answer is lost, or not there yet. */
const AGAIN_MS = 1_000;
/** Calls of others whose answers are kept, should they be asked for again: these, and all that are under way. */
const ANSWERS_KEPT = 5_000;

/** Questions to other processes and their answers. What is asked again under its number is not done again by the same process. */
export class Calls {
  readonly #send: (message: RoutingMessage, to?: ProcessId) => void;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #self: ProcessId;
  readonly #open = new Map<string, Open>();
  readonly #underway = new Set<string>();
  readonly #answers = new Map<string, Promise<unknown>>();
  #number = 0;
  #isClosed = false;

  constructor(bus: Pick<Bus, 'self' | 'send'>, clock: Pick<Clock, 'after'>) {
    this.#self = bus.self;
    this.#send = (message, to) => bus.send(message, to);
    this.#clock = clock;
  }

  /** Rejects with what the other process threw, as a plain error, or with `NoAnswerError`. */
  call(
    message: Omit<CallMessage, 'kind' | 'id' | 'isRepeatable'>,
    { to, withinMs = WITHIN_MS, isRepeatable = false }: CallOptions = {},
  ): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new NoAnswerError('this process ends'));
    this.#number += 1;
    const id = `${this.#self}/${this.#number}`;
    const send = (): void => this.#send({ kind: 'call', id, ...message, isRepeatable }, to);
    return new Promise((resolve, reject) => {
      let cancelAgain = (): void => {};
      const end = (): void => {
        cancel();
        cancelAgain();
        this.#open.delete(id);
      };
      const cancel = this.#clock.after(withinMs, () => {
        end();
        reject(new NoAnswerError(`no process answered to ${message.name} of ${message.task}`));
      });
      const again = (delayMs: number): void => {
        cancelAgain = this.#clock.after(delayMs, () => {
          send();
          again(to === undefined ? delayMs : 2 * delayMs);
        });
      };
      this.#open.set(id, {
        ...{ to, task: message.task },
        resolve: (value) => {
          end();
          resolve(value);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      });
      send();
      if (isRepeatable) again(AGAIN_MS);
    });
  }

  /** A question of another process. */
  asked(from: ProcessId, call: CallMessage, answerer: Answerer): void {
    if (this.#underway.has(call.id)) return;
    const known = this.#answers.get(call.id);
    const answer = known ?? answerer(from, call);
    if (answer === undefined) return;
    if (known === undefined) {
      this.#underway.add(call.id);
      const keep = (): void => {
        this.#underway.delete(call.id);
        if (!call.isRepeatable) return;
        this.#answers.set(call.id, answer);
        if (this.#answers.size > ANSWERS_KEPT) this.#answers.delete(this.#answers.keys().next().value ?? '');
      };
      answer.then(keep, keep);
    }
    answer.then(
      (value) => this.#send({ kind: 'answer', id: call.id, value: value ?? null }, from),
      (error: unknown) =>
        this.#send(
          { kind: 'answer', id: call.id, error: error instanceof Error ? error.message : String(error) },
          from,
        ),
    );
  }

  answered(id: string, outcome: { readonly value?: unknown; readonly error?: string | undefined }): void {
    const open = this.#open.get(id);
    if (outcome.error === undefined) open?.resolve(outcome.value);
    else open?.reject(new Error(outcome.error));
  }

  /** That process is silent, or has left: it is not waited for. */
  lost(process: ProcessId): void {
    for (const { to, reject } of [...this.#open.values()])
      if (to === process) reject(new NoAnswerError(`${process} is silent, or has left`));
  }

  /** This process has the task now: what was asked of whoever has it is its own. */
  here(task: TaskId): void {
    for (const { to, task: of, reject } of [...this.#open.values()])
      if (to === undefined && of === task) reject(new HereNowError(`this process has ${task} now`));
  }

  /** What is open is not waited for any more. */
  close(): void {
    this.#isClosed = true;
    for (const { reject } of [...this.#open.values()]) reject(new NoAnswerError('this process ends'));
  }
}
