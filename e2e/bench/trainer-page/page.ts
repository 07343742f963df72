import { type Caller, callerOf } from '../../../web/trainer/rpc.ts';
import type { Crossing } from './crossing.ts';
import type { Loop } from './epoch.ts';
import type { BenchBackend, BenchMethods, Trained } from './worker.ts';

interface Opened {
  readonly worker: Worker;
  readonly caller: Caller<BenchMethods>;
}

const opened = new Map<BenchBackend, Opened>();

/** What the benchmark reaches through `page.evaluate`. Each backend has a worker of its own. */
const offered = {
  open(trained: Trained): Promise<string | null> {
    const started = start();
    opened.set(trained.backend, started);
    return ask(started, 'open', trained);
  },
  epoch(backend: BenchBackend, loop: Loop): Promise<number> {
    const started = opened.get(backend);
    if (started === undefined) throw new Error('open comes first');
    return ask(started, 'epoch', loop);
  },
  crossing(asked: Trained & { readonly crossing: Crossing }): Promise<number> {
    const started = opened.get(asked.backend) ?? start();
    opened.set(asked.backend, started);
    return ask(started, 'crossing', asked);
  },
  close(): void {
    for (const { worker } of opened.values()) worker.terminate();
    opened.clear();
  },
  simdRate: (): Promise<number> => ask(start(), 'simdRate', null),
};

function start(): Opened {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const caller = callerOf<BenchMethods>(worker);
  worker.addEventListener('error', ({ message }) => caller.end(message));
  return { worker, caller };
}

async function ask<Name extends keyof BenchMethods & string>(
  { caller }: Opened,
  method: Name,
  input: BenchMethods[Name]['input'],
): Promise<BenchMethods[Name]['output']> {
  const answer = await caller.call(method, input);
  if (!answer.ok) throw new Error(answer.message);
  return answer.value;
}

declare global {
  var bench: typeof offered;
}
globalThis.bench = offered;
