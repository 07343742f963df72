import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { formatMeasure, formatNumber, type Measure } from '../ui/index.ts';
import { type Contribution, mayFit, type PersonalView } from './contribution.ts';
import { contributeWords } from './words/index.ts';

/** Under "Try it": a model fitted to the examples on this device, how good it is, and which one answers. */
export function Fit({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().fit;
  const id = useId();
  const { fit, running, problem, isKept } = contribution.personal.value;
  const examples = contribution.examples.value;
  const count = examples.kind === 'open' ? examples.count : examples.kind === 'closed' ? examples.remembered?.count : 1;
  const isFree = mayFit(contribution.view.value);
  return (
    <section class="fit" aria-labelledby={id}>
      <h3 id={id}>{t.title}</h3>
      <p class="muted small">{t.what}</p>
      <div class="row fit-row">
        {running ? (
          <button type="button" onClick={() => contribution.stopFit()}>
            {t.stop}
          </button>
        ) : (
          <button
            type="button"
            disabled={!isFree || !count || contribution.presses.value.size > 0}
            onClick={() => contribution.fit()}
          >
            {fit ? t.again : t.open}
          </button>
        )}
        <span class="muted small" role="status">
          {running
            ? running.steps === 0
              ? t.preparing
              : t.running(formatNumber(running.step), formatNumber(running.steps))
            : !isFree
              ? t.busy
              : !count
                ? t.noExamples
                : ''}
        </span>
      </div>
      {problem && (
        <p class="notice problem" role="alert">
          {t.problems[problem]}
        </p>
      )}
      {fit && <Figures fit={fit} isHeldOut={contribution.task.participation?.client.heldOut === true} />}
      {fit && fit.base.version !== contribution.model.value.version && (
        <p class="muted small">
          {t.behind(formatNumber(fit.base.version), formatNumber(contribution.model.value.version))}
        </p>
      )}
      {fit && !isKept && <p class="notice">{t.notKept}</p>}
      {fit && <Choice contribution={contribution} />}
    </section>
  );
}

function Figures(props: { readonly fit: NonNullable<PersonalView['fit']>; readonly isHeldOut: boolean }): JSX.Element {
  const { fit, isHeldOut } = props;
  const t = contributeWords().fit;
  const { figures, heldOut, fitted } = fit;
  if (figures === null) return <p class="small">{t.tooFew(formatNumber(heldOut), formatNumber(fitted))}</p>;
  const { before, after } = figures;
  return (
    <>
      <dl class="facts try-facts">
        <div>
          <dt>{t.before}</dt>
          <dd>{formatMeasure(before)}</dd>
        </div>
        <div>
          <dt>{t.after}</dt>
          <dd>{formatMeasure(after)}</dd>
        </div>
      </dl>
      <p class="muted small">
        {t.about(formatNumber(heldOut), formatNumber(fitted))} {isHeldOut ? t.roundsSpare : t.roundsUse}{' '}
        {isWorse(before, after) && t.worse}
      </p>
    </>
  );
}

const isWorse = (before: Measure, after: Measure): boolean =>
  (after.accuracy ?? 0) < (before.accuracy ?? 0) || (after.absoluteError ?? 0) > (before.absoluteError ?? 0);

/** The switch between the two, and the way to be rid of the fitted one. */
function Choice({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().fit;
  const name = useId();
  const { isUsed, running } = contribution.personal.value;
  return (
    <div class="row fit-choice">
      <fieldset>
        <legend class="muted small">{t.answers}</legend>
        {[true, false].map((isPersonal) => (
          <label key={String(isPersonal)} class="fit-label">
            <input
              type="radio"
              name={name}
              checked={isUsed === isPersonal}
              onChange={() => contribution.usePersonal(isPersonal)}
            />
            {isPersonal ? t.after : t.before}
          </label>
        ))}
      </fieldset>
      <button type="button" class="quiet" disabled={running !== null} onClick={() => contribution.forgetFit()}>
        {t.forget}
      </button>
    </div>
  );
}
