import { expect, test } from 'vitest';
import { functionsOf, mainThreadTasks, type TraceEvent } from './main-thread-tasks.ts';

const event = (tid: number, name: string, ts: number, dur: number, tdur: number, args = {}): TraceEvent => ({
  ...{ name, pid: 7, tid, ts, dur, tdur, args },
});
const mark = (tid: number, phase: string, ts: number): TraceEvent => ({ name: `phase:${phase}`, pid: 7, tid, ts });

test('tasks are counted on the threads that made marks, each in the phase of the mark before it', () => {
  const traceEvents = [
    event(70, 'RunTask', 100, 2_000, 1_500),
    mark(70, 'join', 2_500),
    event(70, 'RunTask', 3_000, 90_000, 60_000),
    event(71, 'RunTask', 3_000, 900_000, 900_000),
  ];
  const tasks = mainThreadTasks({ traceEvents }, 'start');
  expect(tasks.map(({ phase, processorMs }) => [phase, processorMs])).toEqual([
    ['start', 1.5],
    ['join', 60],
  ]);
});

test('of nested events each counts what is its own, and functions are those of that thread at that time', () => {
  const profile = (tid: number, id: string) => ({
    ...event(tid, 'Profile', 90, 0, 0, { data: { startTime: 90 } }),
    id,
  });
  const chunk = (id: string, functionName: string) => ({
    ...event(1, 'ProfileChunk', 95, 0, 0, {
      data: {
        cpuProfile: {
          nodes: [{ id: 2, callFrame: { functionName, url: 'http://x/assets/page.js', lineNumber: 9 } }],
          samples: [2, 2, 2],
        },
        timeDeltas: [1_000, 2_000, 9_000],
      },
    }),
    id,
  });
  const traceEvents = [
    mark(70, 'join', 50),
    event(70, 'RunTask', 100, 10_000, 9_000),
    event(70, 'FunctionCall', 200, 6_000, 5_000, { data: { functionName: 'draw', url: 'http://x/assets/page.js?1' } }),
    event(70, 'Layout', 300, 3_000, 3_000),
    event(70, 'Layout', 7_000, 1_000, 1_000),
    ...[profile(70, 'a'), chunk('a', 'draw'), profile(71, 'b'), chunk('b', 'train')],
  ];
  const [task] = mainThreadTasks({ traceEvents }, 'start');
  if (task === undefined) throw new Error('no task');
  expect(task.parts).toEqual([
    { what: 'Layout', processorMs: 4 },
    { what: 'RunTask', processorMs: 3 },
    { what: 'FunctionCall draw page.js', processorMs: 2 },
  ]);
  expect(functionsOf({ traceEvents }, task)).toEqual([{ what: 'draw page.js:10', processorMs: 3 }]);
});
