import type { RunDetails } from 'fast-check';

const SHOWN_CHARACTERS = 2_000;

/** What was found, how to find it again, and the smallest script for it; null: nothing. Scripts may be nested too deep to print. */
export function findingOf<Script>(found: RunDetails<Script>): string | null {
  const { failed, seed, counterexamplePath, counterexample, errorInstance } = found;
  if (!failed) return null;
  const cause = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return `${cause}\n--seed ${seed} --path ${counterexamplePath ?? '0'}\n${inJson(counterexample)}`;
}

function inJson(value: unknown): string {
  try {
    return JSON.stringify(value).slice(0, SHOWN_CHARACTERS);
  } catch {
    return 'a script too deep to print';
  }
}
