import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { predictsNumber } from '../../shared/task/kinds/index.ts';
import type { ClientView } from '../client/view.ts';
import { youOf } from '../client/you.ts';
import {
  Announcer,
  formatBytes,
  formatDuration,
  formatError,
  formatNumber,
  formatShare,
  formatWait,
  Icon,
  LineChart,
  MISSING,
  measured,
  Ring,
  RingLegend,
  reasonSentence,
  stateSentence,
} from '../ui/index.ts';
import { Backends } from './backends.tsx';
import { Consent } from './consent.tsx';
import { type Contribution, isJoined } from './contribution.ts';
import { Step } from './step.tsx';
import { When } from './when.tsx';
import { contributeWords } from './words/index.ts';

/** Step 2: the ring, what is happening now in one sentence, the buttons, the numbers. */
export function Train({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().train;
  const view = contribution.view.value;
  const model = contribution.model.value;
  const round = view.status?.round ?? null;
  const said = sentences(contribution, view);
  const you = youOf(view);
  // Told when something changes, not when a countdown ticks.
  const spoken = useMemo(() => [said.first, ...said.more].join(' '), [view.state, view.reason, view.round, t]);
  return (
    <Step number={2} title={t.title} class="train">
      <div class="train-grid">
        <div class="train-ring">
          <Ring size="medium" round={round} version={model.version} score={model.score} you={you} />
          <RingLegend round={round} />
        </div>
        <div class="train-side">
          <div class="say">
            <p class="say-first">{said.first}</p>
            {said.more.map((sentence) => (
              <p class="muted small" key={sentence}>
                {sentence}
              </p>
            ))}
          </div>
          <Announcer text={spoken} />
          <Progress view={view} />
          <Controls contribution={contribution} view={view} />
          {isJoined(view) && <Numbers view={view} />}
          <Backends contribution={contribution} />
        </div>
      </div>
      {(isJoined(view) || contribution.seen.value.length > 1) && <Charts contribution={contribution} view={view} />}
      <When contribution={contribution} />
    </Step>
  );
}

/** What is happening, and below it why, and what it means. */
function sentences(contribution: Contribution, view: ClientView): { first: string; more: readonly string[] } {
  const t = contributeWords().train;
  const bytes = view.state === 'uploading' ? contribution.task.reportBytes : contribution.task.bytes;
  const first = stateSentence(view, bytes);
  const more: string[] = [];
  const explains = view.reason !== 'too-few' && view.reason !== 'stopped' && view.reason !== view.state;
  const known = reasonSentence(view.reason);
  const because = !explains ? null : view.reason === 'failed' ? (view.detail ?? known) : (known ?? view.detail);
  if (because) more.push(because);
  const calm = ['idle', 'left', 'waiting', 'accepted', 'abandoned'].includes(view.state);
  if (calm && contribution.model.value.state === 'paused') more.push(t.paused);
  else if (calm && contribution.model.value.state === 'idle') more.push(t.noRounds);
  if (view.state === 'training' && !view.connected) more.push(t.offline);
  const { backend } = view;
  if (isJoined(view) && backend && backend.reason !== null) {
    const instead =
      backend.requested === 'auto' ? '' : `${t.instead(t.backends[backend.requested], t.backends[backend.used])} `;
    more.push(instead + backend.reason);
  }
  if (isJoined(view) && backend?.losses) more.push(t.lost(formatNumber(backend.losses)));
  return { first, more };
}

function Progress({ view }: { view: ClientView }): JSX.Element {
  const t = contributeWords().train;
  const own = youOf(view);
  const isMoving = view.state === 'training' || view.state === 'uploading';
  const share = own === null ? 0 : own.share;
  return (
    <div
      class={`progress ${view.state}${isMoving ? '' : ' resting'}`}
      role="progressbar"
      aria-label={t.progress}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
}

function Controls({ contribution, view }: { contribution: Contribution; view: ClientView }): JSX.Element {
  const t = contributeWords().train;
  const [isAsking, setAsking] = useState(false);
  const row = useRef<HTMLDivElement>(null);
  const joined = isJoined(view);
  const presses = contribution.presses.value;
  const isPaused = view.state.startsWith('paused') || view.state === 'error';
  const needsReload = view.reason === 'upgrade-required' || view.reason === 'layout' || view.reason === 'bad-message';

  // The pressed button is gone: focus goes to the one in its place, never to the top of the page.
  const shown = `${joined} ${isPaused}`;
  const shownBefore = useRef(shown);
  useEffect(() => {
    if (shownBefore.current === shown) return;
    shownBefore.current = shown;
    if (document.activeElement === document.body) row.current?.querySelector('button')?.focus();
  }, [shown]);

  return (
    <div class="row controls" ref={row}>
      {!joined && (
        <button
          type="button"
          class="primary"
          disabled={presses.has('join') || presses.has('erase')}
          onClick={() => setAsking(true)}
        >
          {t.join}
        </button>
      )}
      {joined && needsReload && (
        <button type="button" class="primary" onClick={() => location.reload()}>
          {t.reload}
        </button>
      )}
      {joined && isPaused && (
        <button type="button" class={needsReload ? '' : 'primary'} onClick={() => contribution.resume()}>
          <Icon name="play" />
          {t.resume}
        </button>
      )}
      {view.state === 'unsupported' && (
        <button type="button" onClick={() => contribution.resume()}>
          {t.again}
        </button>
      )}
      {joined && !isPaused && view.state !== 'unsupported' && (
        <button type="button" onClick={() => contribution.pause()}>
          <Icon name="pause" />
          {t.pause}
        </button>
      )}
      {joined && (
        <button type="button" class="quiet" onClick={() => contribution.leave()}>
          {t.leave}
        </button>
      )}
      <Consent
        contribution={contribution}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onAgree={() => {
          setAsking(false);
          void contribution.join();
        }}
      />
    </div>
  );
}

function Numbers({ view }: { view: ClientView }): JSX.Element {
  const t = contributeWords().train;
  const { progress, lastReport, backend } = view;
  const loss = view.losses.at(-1) ?? lastReport?.lossAfter ?? null;
  const round = view.status?.round;
  const left = round && round.phase !== 'aggregating' ? formatWait(round.endsInMs) : null;
  return (
    <dl class="facts">
      <Fact name={t.round}>
        {view.round === null ? MISSING : `${formatNumber(view.round)}${left === null ? '' : ` · ${t.roundLeft(left)}`}`}
      </Fact>
      <Fact name={t.step}>{progress ? t.of(formatNumber(progress.step), formatNumber(progress.steps)) : MISSING}</Fact>
      <Fact name={t.loss}>{formatNumber(loss, 2)}</Fact>
      <Fact name={lastReport?.accuracyAfter === null ? t.ownLoss : t.ownAccuracy}>
        {lastReport === null
          ? MISSING
          : lastReport.accuracyAfter === null
            ? t.beforeAfter(formatNumber(lastReport.lossBefore, 2), formatNumber(lastReport.lossAfter, 2))
            : t.beforeAfter(formatNumber(percent(lastReport.accuracyBefore), 1), formatShare(lastReport.accuracyAfter))}
      </Fact>
      <Fact name={t.backend}>{backend ? t.backends[backend.used] : MISSING}</Fact>
      <Fact name={t.time}>{lastReport ? t.aRound(formatDuration(lastReport.trainingMs)) : MISSING}</Fact>
      <Fact name={t.sent}>{formatBytes(view.sentBytes)}</Fact>
      <Fact name={t.received}>{formatBytes(view.receivedBytes)}</Fact>
    </dl>
  );
}

const percent = (share: number | null): number | null => (share === null ? null : share * 100);

function Fact(props: { readonly name: string; readonly children: string }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function Charts({ contribution, view }: { contribution: Contribution; view: ClientView }): JSX.Element {
  const t = contributeWords().train;
  const seen = contribution.seen.value;
  const readings = useMemo(() => view.losses.map((_, index) => index + 1), [view.losses]);
  const versions = useMemo(() => seen.map(({ version }) => version), [seen]);
  const lossSeries = useMemo(
    () => [
      {
        name: t.loss,
        values: view.losses,
        tone: 'training' as const,
        format: (value: number) => formatNumber(value, 2),
      },
    ],
    [view.losses, t],
  );
  const data = contribution.task.participation?.data;
  const isNumber = data !== undefined && predictsNumber(data);
  const scoreSeries = useMemo(
    () => [
      {
        name: isNumber ? t.error : t.share,
        values: seen.map(({ score }) => measured(score)),
        tone: 'accent' as const,
        format: isNumber ? formatError : (value: number) => formatShare(value),
        tickFormat: isNumber ? formatError : (value: number) => formatShare(value, 0),
      },
    ],
    [seen, isNumber, t],
  );
  return (
    <div class="charts">
      <LineChart
        title={t.lossTitle}
        xName={t.reading}
        x={readings}
        series={lossSeries}
        heightPx={150}
        empty={t.lossEmpty}
      />
      <LineChart
        title={isNumber ? t.errorTitle : t.accuracyTitle}
        xName={t.version}
        x={versions}
        series={scoreSeries}
        heightPx={150}
        empty={t.scoreEmpty}
      />
    </div>
  );
}
