import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { formatNumber } from '../../ui/index.ts';
import type { Place } from '../address.ts';
import type { ShownTask } from '../shown.ts';
import { useDashboard } from '../shown.ts';
import { StateSign } from '../state-sign.tsx';
import { adminWords } from '../words/index.ts';
import { Contributors } from './contributors.tsx';
import { Controls } from './controls.tsx';
import { Model } from './model.tsx';
import { Overview } from './overview.tsx';
import { Rounds } from './rounds.tsx';
import { Settings } from './settings.tsx';
import { panelId, Tabs, tabId } from './tabs.tsx';

export function TaskPage(props: {
  readonly task: ShownTask;
  readonly place: Extract<Place, { kind: 'task' }>;
}): JSX.Element {
  const { task, place } = props;
  const { picture, history } = task;
  const { status } = picture;
  const dashboard = useDashboard();
  useEffect(() => dashboard.needHistory(picture.task), [picture.task, history.isWhole]);
  return (
    <main
      id="main"
      tabIndex={-1}
      data-task={picture.task}
      data-state={status.state}
      data-version={status.version}
      data-online={status.online}
      data-round={status.round?.number ?? ''}
      data-rounds-left={status.roundsLeft}
      data-connection={dashboard.connection.value.kind}
    >
      <div class="task-head">
        <div class="task-name">
          <h1>{picture.title}</h1>
          <p class="task-state">
            <StateSign state={picture.archived ? 'archived' : status.state} />
            <span>{stateName(task)}</span>
            <code>{picture.task}</code>
          </p>
        </div>
        {!picture.archived && <Controls task={task} />}
      </div>
      {status.pausedReason !== undefined && <PausedNotice reason={status.pausedReason} />}
      <Tabs task={picture.task} current={place.tab} />
      <div class="tab-panel" role="tabpanel" id={panelId} aria-labelledby={tabId(place.tab)}>
        {place.tab === 'overview' && <Overview task={task} />}
        {place.tab === 'rounds' && <Rounds task={task} opened={place.round} />}
        {place.tab === 'contributors' && <Contributors task={task} />}
        {place.tab === 'model' && <Model task={task} />}
        {place.tab === 'settings' && <Settings task={task} />}
      </div>
    </main>
  );
}

function stateName({ picture: { status, archived } }: ShownTask): string {
  const t = adminWords().controls.states;
  if (archived) return t.archived;
  if (status.round?.purpose === 'evaluate' && status.state === 'running') return t.evaluating;
  const left = formatNumber(status.roundsLeft);
  if (status.state === 'running') return t.running(left);
  if (status.state === 'paused') return status.round === null ? t.paused(left) : t.pausing;
  return t[status.state];
}

function PausedNotice({ reason }: { readonly reason: string }): JSX.Element {
  const t = adminWords().controls;
  return (
    <p class="notice problem" role="status">
      {(Object.hasOwn(t.pausedReasons, reason) && t.pausedReasons[reason]) || t.pausedOther}
    </p>
  );
}
