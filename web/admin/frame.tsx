import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { TaskId } from '../../shared/ids.ts';
import { taskPlace } from './address.ts';
import { ConnectionLost } from './connection.tsx';
import { failureSentence } from './failure-sentence.ts';
import { emptyHistory } from './history.ts';
import { LoginsPage } from './logins-page.tsx';
import { NewTaskPage } from './new-task/new-task-page.tsx';
import { Rail } from './rail.tsx';
import { useDashboard } from './shown.ts';
import { TaskPage } from './task/task-page.tsx';
import { WebhookPage } from './webhook-page.tsx';
import { adminWords } from './words/index.ts';

/** Rail and page; which page, the address says. */
export function Frame(): JSX.Element {
  const dashboard = useDashboard();
  const place = dashboard.place.value;
  const tasks = dashboard.tasks.value;
  const wasLive = useRef(false);
  if (dashboard.connection.value.kind === 'live') wasLive.current = true;

  // The dashboard without a place is its first task.
  const first = [...(tasks?.values() ?? [])].find(({ archived }) => !archived)?.task ?? null;
  useEffect(() => {
    if (place.kind === 'home' && first !== null) dashboard.go(taskPlace(first), 'replace');
  }, [place, first]);

  // Who goes to another page by the keyboard goes on reading there.
  const page = place.kind === 'task' ? place.task : place.kind;
  const before = useRef(page);
  useEffect(() => {
    const isSame = before.current === page || before.current === 'home';
    before.current = page;
    if (!isSame) document.getElementById('main')?.focus({ preventScroll: true });
  }, [page]);

  return (
    <div class="frame">
      <Rail />
      <div class="frame-main">
        <ConnectionLost wasLive={wasLive.current} />
        <Page first={first} />
      </div>
    </div>
  );
}

function Page({ first }: { readonly first: TaskId | null }): JSX.Element {
  const dashboard = useDashboard();
  const t = adminWords().frame;
  const place = dashboard.place.value;
  const tasks = dashboard.tasks.value;
  const problem = dashboard.problem.value;
  if (tasks === null && problem !== null) {
    return (
      <Plain>
        <div class="notice problem" role="alert">
          <p>{failureSentence(problem)}</p>
          <button type="button" onClick={dashboard.reload}>
            {t.again}
          </button>
        </div>
      </Plain>
    );
  }
  if (tasks === null) return <Loading />;
  if (place.kind === 'new') return <NewTaskPage key={place.from ?? ''} from={place.from} />;
  if (place.kind === 'webhook') return <WebhookPage />;
  if (place.kind === 'logins') return <LoginsPage />;
  if (place.kind === 'home') return first === null ? <NoTasks /> : <Loading />;
  const picture = tasks.get(place.task);
  const details = dashboard.details.value.get(place.task);
  if (picture === undefined) {
    return (
      <Plain>
        <p>{t.unknownTask}</p>
        <button type="button" onClick={() => dashboard.go({ kind: 'home' })}>
          {t.allTasks}
        </button>
      </Plain>
    );
  }
  if (details === undefined) return <Loading />;
  const history = dashboard.histories.value.get(place.task) ?? emptyHistory;
  const { spec, createdAt } = details;
  return <TaskPage key={place.task} task={{ picture, spec, createdAt, history }} place={place} />;
}

const Plain = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <main id="main" class="plain" tabIndex={-1}>
    {children}
  </main>
);

const Loading = (): JSX.Element => (
  <main id="main" aria-busy="true" tabIndex={-1}>
    <p class="skeleton page-skeleton">{adminWords().frame.loading}</p>
  </main>
);

function NoTasks(): JSX.Element {
  const t = adminWords().frame;
  const { go } = useDashboard();
  return (
    <main id="main" class="plain" data-state="empty" tabIndex={-1}>
      <h1>{t.noTasks}</h1>
      <p class="muted">{t.noTasksLead}</p>
      <div>
        <button type="button" class="primary" onClick={() => go({ kind: 'new', from: null })}>
          {t.firstTask}
        </button>
      </div>
    </main>
  );
}
