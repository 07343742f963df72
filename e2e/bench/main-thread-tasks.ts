/** What is read of an event of Chromium's trace (the Trace Event Format); times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** When it began, and how long it took by the clock. */
  readonly ts?: number;
  readonly dur?: number;
  /** Of the processor, without what others had of it. */
  readonly tdur?: number;
  readonly id?: string;
  readonly args?: {
    readonly data?: {
      readonly url?: string;
      readonly functionName?: string;
      readonly startTime?: number;
      readonly cpuProfile?: ProfilePiece;
      readonly timeDeltas?: readonly number[];
    };
    readonly fileName?: string;
  };
}

/** A piece of a processor profile: functions seen for the first time, and which was on top at each sample. */
export interface ProfilePiece {
  readonly nodes?: readonly {
    readonly id: number;
    readonly parent?: number;
    readonly callFrame: { readonly functionName: string; readonly url?: string; readonly lineNumber?: number };
  }[];
  readonly samples?: readonly number[];
}

export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
}

export interface MainThreadTask {
  readonly processorMs: number;
  /** The last mark before it; the first phase is what came before all marks. */
  readonly phase: string;
  /** What took most of it, with the processor time that was its own, most first. */
  readonly parts: readonly Part[];
  readonly thread: string;
  /** By the trace's clock, in microseconds. */
  readonly from: number;
  readonly to: number;
}

export interface Part {
  readonly what: string;
  readonly processorMs: number;
}

/** Marks of this name begin a phase: `performance.mark('phase:join')`. */
export const PHASE_MARK = 'phase:';

/** The tasks on the threads that made such marks: the main threads of the pages that are measured, and no others. */
export function mainThreadTasks({ traceEvents }: Trace, firstPhase: string): readonly MainThreadTask[] {
  const threads = new Set(traceEvents.filter(({ name }) => name.startsWith(PHASE_MARK)).map(threadOf));
  return [...threads].flatMap((thread) =>
    tasksIn(
      traceEvents.filter((event) => threadOf(event) === thread),
      firstPhase,
    ),
  );
}

function tasksIn(events: readonly TraceEvent[], firstPhase: string): readonly MainThreadTask[] {
  // What is inside of something begins with it or later, and is shorter.
  const own = events.toSorted((a, b) => (a.ts ?? 0) - (b.ts ?? 0) || (b.dur ?? 0) - (a.dur ?? 0));
  const tasks: MainThreadTask[] = [];
  let phase = firstPhase;
  let inside: TraceEvent[] = [];
  const end = (): void => {
    const [task, ...rest] = inside;
    if (task !== undefined) tasks.push({ ...spanOf(task), phase, parts: partsOf(task, rest) });
    inside = [];
  };
  for (const event of own) {
    const at = event.ts ?? 0;
    const [task] = inside;
    if (task !== undefined && (event.name === 'RunTask' || at >= endOf(task))) end();
    if (event.name.startsWith(PHASE_MARK)) phase = event.name.slice(PHASE_MARK.length);
    if (event.name === 'RunTask' || (inside.length > 0 && event.tdur !== undefined)) inside.push(event);
  }
  end();
  return tasks;
}

const threadOf = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`;
const endOf = ({ ts = 0, dur = 0 }: TraceEvent): number => ts + dur;
const spanOf = (task: TraceEvent) => ({
  processorMs: (task.tdur ?? 0) / 1000,
  thread: threadOf(task),
  from: task.ts ?? 0,
  to: endOf(task),
});

/** Of nested events each what is its own, those of one name together. */
function partsOf(task: TraceEvent, inside: readonly TraceEvent[]): readonly Part[] {
  const own = new Map<TraceEvent, number>([[task, task.tdur ?? 0]]);
  const around: TraceEvent[] = [task];
  for (const event of inside) {
    while (around.length > 1 && endOf(around.at(-1) as TraceEvent) <= (event.ts ?? 0)) around.pop();
    const parent = around.at(-1) as TraceEvent;
    own.set(parent, (own.get(parent) ?? 0) - (event.tdur ?? 0));
    own.set(event, event.tdur ?? 0);
    around.push(event);
  }
  const sums = new Map<string, number>();
  for (const [event, time] of own) sums.set(whatOf(event), (sums.get(whatOf(event)) ?? 0) + time / 1000);
  return [...sums].map(([what, processorMs]) => ({ what, processorMs })).toSorted(byTime);
}

const byTime = (a: Part, b: Part): number => b.processorMs - a.processorMs;

function whatOf({ name, args }: TraceEvent): string {
  const file = fileOf(args?.data?.url ?? args?.fileName ?? '');
  const { functionName = '' } = args?.data ?? {};
  return [name, functionName, file].filter((part) => part !== '').join(' ');
}

const fileOf = (url: string): string => url.split('/').at(-1)?.split('?')[0] ?? '';

/** The functions that were on top while a task ran, by samples of the clock; none where no profile was taken. */
export function functionsOf({ traceEvents }: Trace, { thread, from, to }: MainThreadTask): readonly Part[] {
  const sums = new Map<string, number>();
  const isOwn = (event: TraceEvent): boolean => event.name === 'Profile' && threadOf(event) === thread;
  for (const { id, pid, ts = 0, args } of traceEvents.filter(isOwn)) {
    const names = new Map<number, string>();
    let at = args?.data?.startTime ?? ts;
    for (const chunk of traceEvents) {
      if (chunk.name !== 'ProfileChunk' || chunk.id !== id || chunk.pid !== pid) continue;
      const { cpuProfile = {}, timeDeltas = [] } = chunk.args?.data ?? {};
      for (const { id: node, callFrame } of cpuProfile.nodes ?? []) {
        const place = callFrame.url ? `${fileOf(callFrame.url)}:${(callFrame.lineNumber ?? 0) + 1}` : '';
        names.set(node, `${callFrame.functionName || '(anonymous)'} ${place}`.trim());
      }
      for (const [index, node] of (cpuProfile.samples ?? []).entries()) {
        const delta = timeDeltas[index] ?? 0;
        at += delta;
        if (at < from || at > to) continue;
        const name = names.get(node) ?? '';
        sums.set(name, (sums.get(name) ?? 0) + delta / 1000);
      }
    }
  }
  return [...sums].map(([what, processorMs]) => ({ what, processorMs })).toSorted(byTime);
}
