import type { OutcomeName, Sentence, StateName } from './en.ts';
import { formatBytes, formatNumber, formatWait } from './format.ts';
import { words } from './words.ts';

/** Of a client's view, what its sentence needs. */
interface Shown {
  readonly state: StateName;
  readonly purpose?: 'train' | 'evaluate';
  readonly reason: string | null;
  readonly round: number | null;
  readonly version: number | null;
  readonly examples: number;
  readonly retryInMs: number | null;
  readonly notes: readonly { readonly round: number; readonly outcome: OutcomeName; readonly version: number | null }[];
}

/** The one sentence that says what is happening now. `bytes`: of the model (downloading) or the report (uploading). */
export function stateSentence(view: Shown, bytes: number | null): string {
  const last = view.notes.findLast((note) => note.round === view.round && note.outcome === 'counted');
  const version = view.state === 'accepted' ? (last?.version ?? null) : view.version;
  const { states, evaluation } = words();
  const scoring: Partial<Record<StateName, Sentence>> = evaluation;
  const say = (view.purpose === 'evaluate' && scoring[view.state]) || states[view.state];
  return say({
    version: version === null ? null : formatNumber(version),
    bytes: bytes === null ? null : formatBytes(bytes),
    count: view.examples > 0 ? formatNumber(view.examples) : null,
    time: view.retryInMs === null ? null : formatWait(view.retryInMs),
    reason: view.reason,
  });
}

/** The sentence of a reason; null for one that this page does not know. */
export function reasonSentence(reason: string | null): string | null {
  const reasons: Readonly<Record<string, string>> = words().reasons;
  return reason !== null && Object.hasOwn(reasons, reason) ? (reasons[reason] ?? null) : null;
}
