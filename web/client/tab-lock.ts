import type { TaskId } from '../../shared/ids.ts';
import type { TabLock } from './ports.ts';

/**
 * One trainer per browser profile and task: Web Locks where they are (secure contexts), else an election over a
 * BroadcastChannel (plain http); without either each tab takes part on its own. Takes over within two seconds when
 * the holder closes.
 */
export const browserTabLock: TabLock = {
  request(task, onChange) {
    const name = `fedtab:${task}`;
    if (globalThis.navigator?.locks !== undefined) return requestWebLock(name, onChange);
    if (typeof BroadcastChannel === 'function') return requestByChannel(name, onChange);
    return alone(task, onChange);
  },
};

/** Holds at once: for where there is one client in the process. */
export const alone = (_task: TaskId, onChange: (held: boolean) => void): (() => void) => {
  onChange(true);
  return () => {};
};

const ASK_EVERY_MS = 1_000;

/** Asks again and again instead of queueing: a tab that waits for a lock keeps its browser from resting it. */
function requestWebLock(name: string, onChange: (held: boolean) => void): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let letGo: () => void = () => {};
  let told: boolean | undefined;
  const tell = (held: boolean): void => {
    if (!isOver && told !== held) {
      told = held;
      onChange(held);
    }
  };
  const askLater = (): void => {
    if (!isOver) timer = setTimeout(ask, ASK_EVERY_MS);
  };
  const ask = (): void => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        tell(lock !== null);
        // Holding lasts as long as this promise.
        if (lock !== null && !isOver) return new Promise<void>((resolve) => (letGo = resolve));
        return undefined;
      })
      // The browser may take a lock away, and refuses where storage is blocked.
      .then(undefined, () => tell(false))
      .then(askLater);
  };
  ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
    letGo();
  };
}

/** A question goes unanswered this long before a tab takes the lock: a busy holder gets its time. */
const ANSWER_WITHIN_MS = 500;

type Word = { readonly kind: 'ask' | 'held' | 'released'; readonly from: string };

const isWord = (data: unknown): data is Word =>
  typeof data === 'object' && data !== null && 'kind' in data && 'from' in data && typeof data.from === 'string';

/**
 * Who wants the lock asks; who holds it answers. Of several who ask at the same time the smallest name goes on; should
 * two take it all the same, the smaller keeps it. Messages reach hidden tabs too; a holder that is gone does not answer.
 */
function requestByChannel(name: string, onChange: (held: boolean) => void): () => void {
  const own = Array.from(crypto.getRandomValues(new Uint32Array(2)), (word) => word.toString(16).padStart(8, '0')).join(
    '',
  );
  const channel = new BroadcastChannel(name);
  let isHeld = false;
  /** A question of this tab's is open. */
  let isAsking = false;
  let told: boolean | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (kind: Word['kind']): void => channel.postMessage({ kind, from: own } satisfies Word);
  const become = (held: boolean): void => {
    isHeld = held;
    isAsking = false;
    if (held) say('held');
    if (told === held) return;
    told = held;
    onChange(held);
  };
  const ask = (): void => {
    clearTimeout(timer);
    isAsking = true;
    say('ask');
    timer = setTimeout(() => become(true), ANSWER_WITHIN_MS);
  };
  /** Another asks too. Whoever came later may not have heard this tab's question: it is put again, to no other purpose. */
  const contend = (other: string): void => {
    if (other < own) yieldTo();
    else say('ask');
  };
  const yieldTo = (): void => {
    clearTimeout(timer);
    timer = setTimeout(ask, ASK_EVERY_MS);
    become(false);
  };
  channel.onmessage = ({ data }) => {
    if (!isWord(data) || data.from === own) return;
    if (data.kind === 'ask' && isHeld) say('held');
    else if (data.kind === 'ask' && isAsking) contend(data.from);
    else if (data.kind === 'held' && (!isHeld || data.from < own)) yieldTo();
    else if (data.kind === 'held') say('held');
    else if (data.kind === 'released' && !isHeld) ask();
  };
  ask();
  return () => {
    clearTimeout(timer);
    channel.onmessage = null;
    if (isHeld) say('released');
    channel.close();
  };
}
