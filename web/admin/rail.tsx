import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon, Sparkline, words } from '../ui/index.ts';
import { taskPlace } from './address.ts';
import type { TaskPicture } from './dashboard.ts';
import { emptyHistory, sparkOf } from './history.ts';
import { Link } from './link.tsx';
import { useDashboard } from './shown.ts';
import { StateSign } from './state-sign.tsx';
import { adminWords } from './words/index.ts';

/** Pages that are of no task. */
const SITE_PAGES = ['webhook', 'logins'] as const;

/** The tasks at the side; on a phone behind a button. */
export function Rail(): JSX.Element {
  const dashboard = useDashboard();
  const t = adminWords().frame;
  const place = dashboard.place.value;
  const isOpen = useSignal(false);
  useEffect(() => {
    isOpen.value = false;
  }, [place]);
  const tasks = [...(dashboard.tasks.value?.values() ?? [])];
  const current = tasks.filter(({ archived }) => !archived);
  const archived = tasks.filter((task) => task.archived);
  const sitePage = SITE_PAGES.find((kind) => kind === place.kind);
  const here = tasks.find(({ task }) => place.kind === 'task' && place.task === task);

  return (
    <nav class={`rail${isOpen.value ? ' open' : ''}`} aria-label={t.tasks}>
      <button
        type="button"
        class="rail-toggle"
        aria-expanded={isOpen.value}
        aria-controls="rail-tasks"
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <span>{here?.title ?? (sitePage === undefined ? t.tasks : adminWords()[sitePage].title)}</span>
        <Icon name="chevron" />
      </button>
      <div class="rail-tasks" id="rail-tasks">
        <TaskLinks tasks={current} />
        <button
          type="button"
          class="quiet new-task"
          aria-current={place.kind === 'new' ? 'page' : undefined}
          onClick={() => dashboard.go({ kind: 'new', from: null })}
        >
          <Icon name="plus" size={18} />
          {t.newTask}
        </button>
        {archived.length > 0 && (
          <details open={here?.archived || undefined}>
            <summary>{t.archived}</summary>
            <TaskLinks tasks={archived} />
          </details>
        )}
        {SITE_PAGES.map((kind) => (
          <Link key={kind} to={{ kind }} class="rail-link" aria-current={place.kind === kind ? 'page' : 'false'}>
            {adminWords()[kind].title}
          </Link>
        ))}
      </div>
    </nav>
  );
}

function TaskLinks({ tasks }: { readonly tasks: readonly TaskPicture[] }): JSX.Element {
  const { place, histories } = useDashboard();
  const here = place.value;
  return (
    <ul>
      {tasks.map(({ task, title, archived, status }) => (
        <li key={task}>
          <Link
            to={taskPlace(task)}
            aria-current={here.kind === 'task' && here.task === task ? 'page' : 'false'}
            title={`${title} (${task})`}
          >
            <StateSign state={archived ? 'archived' : status.state} />
            <span class="rail-title">{title}</span>
            <span class="visually-hidden">
              {archived ? adminWords().frame.archived : words().taskStates[status.state]}
            </span>
            <Sparkline values={sparkOf(histories.value.get(task) ?? emptyHistory, 60)} widthPx={56} />
          </Link>
        </li>
      ))}
    </ul>
  );
}
