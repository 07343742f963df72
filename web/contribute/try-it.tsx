import type { JSX } from 'preact';
import { formOf } from '../../shared/task/kinds/index.ts';
import { formatBytes, formatMeasure, formatNumber } from '../ui/index.ts';
import type { Contribution, ModelThen } from './contribution.ts';
import { Fit } from './fit.tsx';
import { viewOf } from './kinds/index.ts';
import { Step } from './step.tsx';
import { contributeWords } from './words/index.ts';

/** Step 3: the current model says what it takes an example for; nothing is sent. */
export function TryIt({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().tryIt;
  const trial = contribution.trial.value;
  const { data } = contribution.task.participation ?? {};
  const Try = data && viewOf(data).Try;
  return (
    <Step number={3} title={t.title} class="try">
      {trial.kind === 'open' && data && Try ? (
        <Try contribution={contribution} data={data} trial={trial} />
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
      {/* A model of tastes is personal as it is: each person's own is solved for. */}
      {trial.kind === 'open' && data && !formOf(data).taste && <Fit contribution={contribution} />}
    </Step>
  );
}

/** The shared model before this person joined, and now. */
function Progressed({ contribution }: { contribution: Contribution }): JSX.Element | null {
  const t = contributeWords().tryIt;
  const before = contribution.before.value;
  const now = contribution.model.value;
  if (before === null || now.score === null) return null;
  // A task that had just been made when the page was opened was scored a little later.
  const then = before.score ?? contribution.seen.value.find(({ version }) => version === before.version)?.score ?? null;
  if (then === null) return null;
  const written = ({ score, version }: Pick<ModelThen, 'score' | 'version'>): string =>
    t.ofVersion(formatMeasure(score), formatNumber(version));
  return (
    <dl class="facts try-facts">
      <div>
        <dt>{t.before}</dt>
        <dd>{written({ ...before, score: then })}</dd>
      </div>
      <div>
        <dt>{t.now}</dt>
        <dd>{written(now)}</dd>
      </div>
    </dl>
  );
}
