import type { JSX } from 'preact';
import { formatNumber } from '../../ui/index.ts';
import type { TrialView } from '../contribution.ts';
import { contributeWords } from '../words/index.ts';

/** The number that the model predicts, in the unit of the target, and what it said before. */
export function NumberAnswer(props: {
  readonly trial: Extract<TrialView, { readonly kind: 'open' }>;
  readonly target: {
    readonly name: string;
    readonly mean?: number | undefined;
    readonly deviation?: number | undefined;
  };
  /** What to do while there is no example. */
  readonly ask: string;
}): JSX.Element {
  const { trial, target, ask } = props;
  const t = contributeWords().tryIt;
  const say = ([scaled = 0]: readonly number[]): string =>
    plainNumber(scaled * (target.deviation ?? 1) + (target.mean ?? 0));
  return (
    <div class="try-side">
      <p class="say-first" role="status">
        {trial.scores === null ? ask : t.about(target.name, say(trial.scores))}
      </p>
      <p class="muted small try-before">
        {trial.scoresBefore && (trial.isPersonal ? t.aboutShared : t.aboutBefore)(say(trial.scoresBefore))}
      </p>
    </div>
  );
}

/** With about three digits that count, and no more. */
export function plainNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size))));
  return formatNumber(value, Number.isInteger(value) ? 0 : digits);
}
