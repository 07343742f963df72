/** What is read of an event of Chromium's trace (the Trace Event Format); times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Of the processor, without what others had of it. */
  readonly tdur?: number;
  readonly args?: {
    readonly name?: string;
    readonly data?: { readonly url?: string; readonly processId?: number };
  };
}

export interface MainThreadTask {
  readonly processorMs: number;
}

/** The tasks on the main threads of the processes that had a page of the origin. */
export function mainThreadTasks(
  { traceEvents }: { readonly traceEvents: readonly TraceEvent[] },
  origin: string,
): readonly MainThreadTask[] {
  const named = (name: string): readonly TraceEvent[] => traceEvents.filter((event) => event.name === name);
  const processes = new Set(
    named('FrameCommittedInBrowser').flatMap(({ args }) =>
      args?.data?.url?.startsWith(`${origin}/`) ? [args.data.processId] : [],
    ),
  );
  const threads = new Set(
    named('thread_name')
      .filter(({ pid, args }) => processes.has(pid) && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}:${tid}`),
  );
  return named('RunTask')
    .filter(({ pid, tid }) => threads.has(`${pid}:${tid}`))
    .map(({ tdur = 0 }) => ({ processorMs: tdur / 1000 }));
}
