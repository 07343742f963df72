import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { type Bar, Bars, formatBytes, formatNumber, formatShare, Icon } from '../ui/index.ts';
import type { Contribution, ModelThen, TrialView } from './contribution.ts';
import { isEmptyDrawing, type Strokes } from './drawing.ts';
import { DrawingPad } from './drawing-pad.tsx';
import { Step } from './step.tsx';
import { contributeWords } from './words/index.ts';

/** Step 3: the current model says what it takes a drawing for; nothing is sent. */
export function TryIt({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().tryIt;
  const trial = contribution.trial.value;
  const strokes = useSignal<Strokes>([]);
  return (
    <Step number={3} title={t.title} class="try">
      {trial.kind === 'open' ? (
        <Opened contribution={contribution} trial={trial} strokes={strokes} />
      ) : (
        <>
          <div class="row">
            <button type="button" disabled={trial.kind === 'opening'} onClick={() => contribution.openTrial()}>
              {trial.kind === 'failed' ? t.again : t.open}
            </button>
            <span class="muted small" role="status">
              {trial.kind === 'opening'
                ? trial.step === 'model'
                  ? t.loading
                  : t.starting
                : trial.kind === 'closed' && t.what(formatBytes(contribution.task.bytes))}
            </span>
          </div>
          {trial.kind === 'failed' && (
            <p class="notice problem">
              {trial.reason === 'unsupported' ? `${t.unsupported} ${trial.message}` : t.failed}
            </p>
          )}
        </>
      )}
      <Progressed contribution={contribution} />
    </Step>
  );
}

function Opened(props: {
  contribution: Contribution;
  trial: Extract<TrialView, { kind: 'open' }>;
  strokes: Signal<Strokes>;
}): JSX.Element {
  const { contribution, trial, strokes } = props;
  const t = contributeWords().tryIt;
  const labels: readonly string[] = contribution.task.participation?.data.labels ?? [];
  const top = trial.scores === null ? null : topOf(trial.scores, labels);
  const topBefore = trial.scoresBefore === null ? null : topOf(trial.scoresBefore, labels);
  useSignalEffect(() => {
    if (isEmptyDrawing(strokes.value)) void contribution.predict([]);
  });
  return (
    <div class="try-grid">
      <div class="try-pad">
        <DrawingPad name={t.pad} strokes={strokes} onLift={() => void contribution.predict(strokes.peek())} />
        <button
          type="button"
          class="quiet"
          disabled={isEmptyDrawing(strokes.value)}
          onClick={() => {
            strokes.value = [];
          }}
        >
          <Icon name="eraser" />
          {t.clear}
        </button>
      </div>
      <div class="try-side">
        <p class="say-first" role="status">
          {top === null ? t.draw : top.share >= 0.5 ? t.looksLike(top.name) : t.maybe(top.name)}
        </p>
        <p class="muted small try-before">
          {topBefore && t.beforeSaid(topBefore.name, formatShare(topBefore.share, 0))}
        </p>
        <Bars caption={t.scores} bars={barsOf(trial.scores, labels)} />
      </div>
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

/** The shared model before this person joined, and now. */
function Progressed({ contribution }: { contribution: Contribution }): JSX.Element | null {
  const t = contributeWords().tryIt;
  const before = contribution.before.value;
  const now = contribution.model.value;
  if (before === null || before.accuracy === null || now.accuracy === null) return null;
  const written = ({ accuracy, version }: Pick<ModelThen, 'accuracy' | 'version'>): string =>
    t.ofVersion(formatShare(accuracy), formatNumber(version));
  return (
    <dl class="facts try-facts">
      <div>
        <dt>{t.before}</dt>
        <dd>{written(before)}</dd>
      </div>
      <div>
        <dt>{t.now}</dt>
        <dd>{written(now)}</dd>
      </div>
    </dl>
  );
}
