import { type Signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Answer, Failure } from './api.ts';
import { failureSentence } from './failure-sentence.ts';

/** What the server says of something, asked for again and again while its page is shown. */
export interface Looked<Value> {
  /** undefined: not known yet. */
  readonly value: Signal<Value | undefined>;
  /** Why the last answer was none. */
  readonly problem: Signal<Failure | null>;
  /** Asks now. */
  look(): Promise<void>;
}

export function useLooked<Value>(ask: () => Promise<Answer<Value>>, everyMs: number): Looked<Value> {
  const value = useSignal<Value | undefined>(undefined);
  const problem = useSignal<Failure | null>(null);
  async function look(): Promise<void> {
    const answer = await ask();
    problem.value = answer.ok ? null : answer.failure;
    if (answer.ok) value.value = answer.value;
  }
  useEffect(() => {
    look();
    const timer = setInterval(look, everyMs);
    return () => clearInterval(timer);
  }, []);
  return { value, problem, look };
}

/** Says why an answer was none. */
export const LookedProblem = ({ looked }: { readonly looked: Looked<unknown> }): JSX.Element | null =>
  looked.problem.value === null ? null : (
    <p class="notice problem" role="alert">
      {failureSentence(looked.problem.value)}
    </p>
  );
