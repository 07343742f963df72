import type { JSX } from 'preact';
import { type Bar, Bars, formatShare } from '../../ui/index.ts';
import type { TrialView } from '../contribution.ts';
import { contributeWords } from '../words/index.ts';

/** What the model takes the example for, how sure it is of each class, and what it said before. */
export function ClassAnswer(props: {
  readonly trial: Extract<TrialView, { readonly kind: 'open' }>;
  readonly labels: readonly string[];
  /** What to do while there is no example. */
  readonly ask: string;
  /** The sentence for the class that it is surest of; by default for something that was shown. */
  readonly say?: (name: string, share: number) => string;
}): JSX.Element {
  const { trial, labels, ask, say } = props;
  const t = contributeWords().tryIt;
  const top = trial.scores === null ? null : topOf(trial.scores, labels);
  const topBefore = trial.scoresBefore === null ? null : topOf(trial.scoresBefore, labels);
  return (
    <div class="try-side">
      <p class="say-first" role="status">
        {top === null
          ? ask
          : say
            ? say(top.name, top.share)
            : top.share >= 0.5
              ? t.looksLike(top.name)
              : t.maybe(top.name)}
      </p>
      <p class="muted small try-before">
        {topBefore && (trial.isPersonal ? t.sharedSaid : t.beforeSaid)(topBefore.name, formatShare(topBefore.share, 0))}
      </p>
      <Bars caption={t.scores} bars={barsOf(trial.scores, labels)} />
    </div>
  );
}

function topOf(scores: readonly number[], labels: readonly string[]): { name: string; share: number } {
  const share = Math.max(...scores);
  return { name: labels[scores.indexOf(share)] ?? '', share };
}

/** One bar a label; of many labels the ten that fit best. */
function barsOf(scores: readonly number[] | null, labels: readonly string[]): readonly Bar[] {
  const best = scores === null ? -1 : scores.indexOf(Math.max(...scores));
  const bars = labels.map((name, label) => {
    const share = scores?.[label] ?? 0;
    return { name, share, value: scores === null ? '' : formatShare(share, 0), isStrong: label === best };
  });
  return bars.length <= 12 ? bars : bars.toSorted((a, b) => b.share - a.share).slice(0, 10);
}
