import type { Clock } from '../../shared/clock.ts';
import { Serial } from '../rounds/serial.ts';
import type { Webhook, WebhookDoors, WebhookOptions } from './webhook.ts';

/** Which of several processes does what one has to do for all. */
export interface Lead {
  /** It is this one, as far as it knows. */
  isFirst(): boolean;
  /** Asks the one that is; rejects where it does not answer in time. */
  askFirst(name: string, args: readonly unknown[], withinMs: number): Promise<unknown>;
}

export interface LedWebhook extends WebhookDoors, Pick<Webhook, 'start' | 'close'> {
  /** What another process asks of the first; undefined while this is not the first. */
  answer(name: string, args: readonly unknown[]): Promise<unknown> | undefined;
}

export interface LedWebhookOptions {
  readonly make: () => Webhook;
  readonly lead: Lead;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<WebhookOptions['log'], 'warn' | 'error'>;
}

const LOOK_MS = 1_000;
/** Whoever looks looks again soon; to set an address its host is looked up. */
const VIEW_WITHIN_MS = 2_000;
const ORDER_WITHIN_MS = 8_000;

/**
 * One webhook for several processes: the first of them has it. What it does is in the database, so that whoever follows
 * goes on with it; while two take themselves for the first, an event may be told twice under its one id.
 */
export function createLedWebhook({ make, lead, clock, log }: LedWebhookOptions): LedWebhook {
  const serial = new Serial();
  let own: Webhook | null = null;
  let isClosed = false;
  let cancel = (): void => {};

  async function look(): Promise<void> {
    const isFirst = lead.isFirst() && !isClosed;
    if (isFirst === (own !== null)) return;
    const before = own;
    own = null;
    await before?.close();
    if (!isFirst) return;
    const next = make();
    await next.start();
    own = next;
  }

  async function again(): Promise<void> {
    await serial.run(look).catch((error: unknown) => log.error({ err: error }, 'the webhook did not pass over'));
    if (!isClosed) cancel = clock.after(LOOK_MS, () => void again());
  }

  function answer(name: string, args: readonly unknown[]): Promise<unknown> | undefined {
    if (own === null) return undefined;
    if (name === 'webhook-view') return own.view();
    if (name === 'webhook-set') return own.set(String(args[0]));
    return name === 'webhook-clear' ? own.clear() : undefined;
  }
  async function asked<Answer>(withinMs: number, name: string, ...args: unknown[]): Promise<Answer | 'away'> {
    const here = answer(name, args);
    if (here !== undefined) return here as Promise<Answer>;
    try {
      return (await lead.askFirst(name, args, withinMs)) as Answer;
    } catch (error) {
      log.warn({ err: error }, 'the process that has the webhook did not answer');
      return 'away';
    }
  }

  return {
    answer,
    start: again,
    view: () => asked(VIEW_WITHIN_MS, 'webhook-view'),
    set: (url) => asked(ORDER_WITHIN_MS, 'webhook-set', url),
    clear: () => asked(ORDER_WITHIN_MS, 'webhook-clear'),
    async close() {
      isClosed = true;
      cancel();
      await serial.run(look);
    },
  };
}
