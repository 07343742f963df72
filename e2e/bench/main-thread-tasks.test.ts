import { expect, test } from 'vitest';
import { mainThreadTasks } from './main-thread-tasks.ts';

test('tasks of other threads and of other pages do not count', () => {
  const committed = (processId: number, url: string) => ({
    ...{ name: 'FrameCommittedInBrowser', pid: 1, tid: 1 },
    args: { data: { processId, url } },
  });
  const thread = (pid: number, tid: number, name: string) => ({ name: 'thread_name', pid, tid, args: { name } });
  const task = (pid: number, tid: number, tdur: number) => ({ name: 'RunTask', pid, tid, tdur });
  const traceEvents = [
    committed(7, 'http://127.0.0.1:80/contribute/digits'),
    committed(8, 'http://127.0.0.1:8080/'),
    thread(7, 70, 'CrRendererMain'),
    thread(7, 71, 'DedicatedWorker thread'),
    thread(8, 80, 'CrRendererMain'),
    ...[task(7, 70, 1_500), task(7, 71, 900_000), task(8, 80, 800_000), task(7, 70, 60_000)],
  ];
  expect(mainThreadTasks({ traceEvents }, 'http://127.0.0.1:80')).toEqual([{ processorMs: 1.5 }, { processorMs: 60 }]);
});
