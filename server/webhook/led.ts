import type { Clock } from '../../shared/clock.ts';
import type { Result } from '../../shared/errors.ts';
import { Serial } from '../rounds/serial.ts';
import type { Webhook, WebhookOptions, WebhookView } from './webhook.ts';

/** Which of several processes does what one has to do for all. */
export interface Lead {
  /** It is this one, as far as it knows. */
  isFirst(): boolean;
  /** Asks the one that is; rejects where it does not answer. */
  askFirst(name: string, args: readonly unknown[]): Promise<unknown>;
}

export interface LedWebhook extends Webhook {
  /** What another process asks of the first; undefined while this is not the first. */
  answer(name: string, args: readonly unknown[]): Promise<unknown> | undefined;
}

export interface LedWebhookOptions {
  readonly make: () => Webhook;
  readonly lead: Lead;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<WebhookOptions['log'], 'error'>;
}

const LOOK_MS = 1_000;
type Set = Result<{ readonly url: string; readonly secret: string }, string>;

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
  const asked = (name: string, ...args: unknown[]): Promise<unknown> => answer(name, args) ?? lead.askFirst(name, args);

  return {
    answer,
    start: again,
    view: () => asked('webhook-view') as Promise<WebhookView | null>,
    set: (url) => asked('webhook-set', url) as Promise<Set>,
    async clear() {
      await asked('webhook-clear');
    },
    async close() {
      isClosed = true;
      cancel();
      await serial.run(look);
    },
  };
}
