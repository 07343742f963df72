import type { TaskId } from '../../shared/ids.ts';
import { type PublicTask, parsePublicTask } from '../../shared/protocol/public-task.ts';

/** What a client must know of its task before it opens anything. */
export type TaskFacts = PublicTask & { readonly participation: NonNullable<PublicTask['participation']> };

/** Why there are none; the reason is shown as the state's reason. */
export class TaskUnknownError extends Error {
  override readonly name = 'TaskUnknownError';
  readonly reason: 'server-away' | 'unknown-task' | 'origin' | 'bad-answer';
  constructor(reason: TaskUnknownError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** `GET <server>/api/tasks/<task>`. Rejects with a `TaskUnknownError`. */
export async function fetchTaskFacts(server: string, task: TaskId): Promise<TaskFacts> {
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`${server}/api/tasks/${task}`, { credentials: 'omit', cache: 'no-store' });
    answer = await response.json();
  } catch {
    throw new TaskUnknownError('server-away', `${server} does not answer`);
  }
  if (response.status === 404) throw new TaskUnknownError('unknown-task', `there is no task ${task} at ${server}`);
  if (!response.ok) throw new TaskUnknownError('server-away', `${server} answered ${response.status}`);
  const facts = parsePublicTask(answer);
  if (facts?.participation === undefined) {
    throw new TaskUnknownError('bad-answer', `${server} gave an answer that is not understood`);
  }
  // The server refuses the socket of such a page without being able to say why.
  if (facts.allowsOrigin === false) throw new TaskUnknownError('origin', 'pages of this site may not take part');
  return { ...facts, participation: facts.participation };
}
