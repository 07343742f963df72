import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { isTaskId, type TaskId } from '../../shared/ids.ts';
import { BACKENDS, type RequestedBackend } from '../client/ports.ts';
import { nextTurn } from '../data/turns.ts';
import { language, PageHeader, Toasts } from '../ui/index.ts';
import { type Answer, fetchTask } from './api.ts';
import type { Contribution } from './contribution.ts';
import { createContribution } from './joining.ts';
import { LoadProblem } from './load-problem.tsx';
import { ContributePage } from './page.tsx';
import { TasksPage } from './tasks-page.tsx';
import { contributeWords } from './words/index.ts';

/** One document for `/` and `/contribute/<task>`: the path says which. */
export function Site({ location }: { readonly location: Location }): JSX.Element {
  const task = taskOfPath(location.pathname);
  return (
    <>
      <PageHeader />
      {task === null ? <TasksPage /> : <TaskPage task={task} location={location} />}
      <Toasts />
    </>
  );
}

function TaskPage({ task, location }: { task: TaskId | 'unknown'; location: Location }): JSX.Element {
  const t = contributeWords().load;
  const answer = useSignal<Answer<Contribution> | null>(null);
  const load = async (): Promise<void> => {
    answer.value = null;
    if (task === 'unknown') {
      answer.value = { ok: false, reason: 'missing' };
      return;
    }
    const joinToken = joinTokenOf(location);
    const fetched = await fetchTask(task, joinToken);
    await nextTurn();
    answer.value = fetched.ok
      ? {
          ok: true,
          value: createContribution({ task: fetched.value, requested: backendOf(location.search), joinToken }),
        }
      : fetched;
  };
  useEffect(() => void load(), []);
  const shown = answer.value;
  const title = shown?.ok ? shown.value.task.title : null;
  useEffect(() => {
    document.title = title === null ? 'Fedtab' : `${title} · Fedtab`;
  }, [title, language.value]);
  if (shown?.ok) return <ContributePage contribution={shown.value} />;
  return (
    <main id="main" class="column" aria-busy={shown === null}>
      {shown === null ? (
        <p class="skeleton task-skeleton">{t.loading}</p>
      ) : (
        <LoadProblem reason={shown.reason} onAgain={load} />
      )}
    </main>
  );
}

/** null: the list of tasks. */
export function taskOfPath(path: string): TaskId | 'unknown' | null {
  const match = /^\/contribute\/([^/]*)\/?$/.exec(path);
  if (!match) return null;
  return isTaskId(match[1]) ? match[1] : 'unknown';
}

export function backendOf(search: string): RequestedBackend {
  const asked = new URLSearchParams(search).get('backend');
  return BACKENDS.find((backend) => backend === asked) ?? 'auto';
}

/** From the fragment, which no log and no referrer has; from the query for those who cannot send one. */
export function joinTokenOf({ hash, search }: Pick<Location, 'hash' | 'search'>): string | null {
  return new URLSearchParams(hash.slice(1)).get('join') ?? new URLSearchParams(search).get('join');
}
