import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import { formatMeasure, formatNumber, type Measure, Ring, words } from '../ui/index.ts';
import { type Answer, fetchTasks } from './api.ts';
import { LoadProblem } from './load-problem.tsx';
import { contributeWords } from './words/index.ts';

/** `/`: the tasks of this server. */
export function TasksPage(): JSX.Element {
  const t = contributeWords().tasks;
  const answer = useSignal<Answer<readonly PublicTask[]> | null>(null);
  const load = async (): Promise<void> => {
    answer.value = null;
    answer.value = await fetchTasks();
  };
  useEffect(() => void load(), []);
  const shown = answer.value;
  return (
    <main id="main" class="column" aria-busy={shown === null}>
      <div class="head">
        <h1>{t.title}</h1>
        <p class="muted">{t.lead}</p>
      </div>
      {shown === null && <div class="skeleton task-skeleton" />}
      {shown && !shown.ok && <LoadProblem reason={shown.reason} onAgain={load} />}
      {shown?.ok && <TaskList tasks={shown.value} />}
      <p class="small">
        <a href="/admin">{t.admin}</a>
      </p>
    </main>
  );
}

export function TaskList({ tasks }: { readonly tasks: readonly PublicTask[] }): JSX.Element {
  const t = contributeWords().tasks;
  if (tasks.length === 0) return <p class="muted">{t.none}</p>;
  return (
    <ul class="task-list">
      {tasks.map((task) => (
        <li key={task.id} class="card">
          <Ring size="tiny" round={null} version={task.version} score={task.metrics} />
          <div>
            <h2>
              <a href={`/contribute/${task.id}`}>{task.title}</a>
            </h2>
            <p class="muted small">{factsOf(task).join(' · ')}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

function factsOf(task: PublicTask): string[] {
  const t = contributeWords().tasks;
  const scored = (score: Measure): string => (score.accuracy === undefined ? t.off : t.right)(formatMeasure(score));
  return [
    words().taskStates[task.state],
    ...(task.online > 0 ? [t.people(formatNumber(task.online))] : []),
    t.version(formatNumber(task.version)),
    ...(task.metrics ? [scored(task.metrics)] : []),
    t.parameters(formatNumber(task.parameters)),
    ...(task.closed ? [t.closed] : []),
  ];
}
