import type { Steps } from '../../shared/steps.ts';

/** So long is worked at a time, then the page has its turn: half a frame. */
const TURN_MS = 8;

/** The turns of one long piece of work on the page's thread. */
export interface Turns {
  /** The work has had its time: at the next place where it may rest, it should. */
  isOver(): boolean;
  /** Resolves when the page has had its turn. */
  rest(): Promise<void>;
}

export function turnsOf(nowMs: () => number = () => performance.now(), giveWay: () => Promise<void> = nextTurn): Turns {
  let endsMs = nowMs() + TURN_MS;
  return {
    isOver: () => nowMs() >= endsMs,
    async rest() {
      await giveWay();
      endsMs = nowMs() + TURN_MS;
    },
  };
}

/** Runs the steps, turn by turn. */
export async function inTurns<Value>(steps: Steps<Value>, turns: Turns = turnsOf()): Promise<Value> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (turns.isOver()) await turns.rest();
  }
}

/** What waits in the page comes first: presses, painting, messages. */
export function nextTurn(): Promise<void> {
  // Typed as always there: Safari has none yet.
  const { scheduler } = globalThis as { readonly scheduler?: Partial<Scheduler> };
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}
