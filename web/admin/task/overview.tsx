import type { JSX } from 'preact';
import { predictsNumber } from '../../../shared/task/kinds/index.ts';
import { formatBytes, formatMeasure, formatNumber } from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import { lastScored, trafficToday } from '../history.ts';
import { Link } from '../link.tsx';
import type { ShownTask } from '../shown.ts';
import { adminWords } from '../words/index.ts';
import { CurrentRound } from './current-round.tsx';
import { Evaluations } from './evaluations.tsx';
import { Invitation } from './invitation.tsx';
import { LearningCharts } from './learning-charts.tsx';
import { RoundStrip } from './round-strip.tsx';
import { RoundTable } from './round-table.tsx';

const LATEST = 5;

export function Overview({ task }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords();
  const { picture, spec, history } = task;
  return (
    <>
      <Kpis task={task} />
      <div class="overview">
        <CurrentRound picture={picture} spec={spec} history={history} />
        <div class="overview-side">
          <LearningCharts history={history} data={spec.data} />
          <RoundStrip task={task} />
        </div>
      </div>
      {spec.client.heldOut && <Evaluations task={task} />}
      {history.rounds.length > 0 && (
        <section class="card">
          <div class="card-head">
            <h2>{t.latest.title}</h2>
            <Link to={taskPlace(picture.task, 'rounds')}>{t.latest.all}</Link>
          </div>
          <RoundTable task={task} rounds={history.rounds.slice(-LATEST).reverse()} isShort />
        </section>
      )}
      {!picture.archived && <Invitation spec={spec} />}
    </>
  );
}

function Kpis({ task: { picture, spec, history } }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords().kpis;
  const { version, metrics, online } = picture.status;
  const unscored = spec.data.sample === undefined ? t.noHeldOut : t.noAccuracy;
  const last = metrics === null ? lastScored(history) : { version, score: metrics };
  return (
    <dl class="kpis">
      <div>
        <dt>{t.version}</dt>
        <dd>{formatNumber(version)}</dd>
      </div>
      <div>
        <dt>{predictsNumber(spec.data) ? t.error : t.accuracy}</dt>
        <dd class={last === null ? 'none' : ''}>
          {last === null ? unscored : formatMeasure(last.score)}
          {last !== null && last.version !== version && (
            <small class="muted small">
              {' '}
              {t.version} {formatNumber(last.version)}
            </small>
          )}
        </dd>
      </div>
      <div>
        <dt>{t.online}</dt>
        <dd>{formatNumber(online)}</dd>
      </div>
      <div>
        <dt>{t.traffic}</dt>
        <dd>{formatBytes(trafficToday(history.rounds, Date.now()))}</dd>
      </div>
    </dl>
  );
}
