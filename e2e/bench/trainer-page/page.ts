import { callerOf } from '../../../web/trainer/rpc.ts';
import type { BenchMethods, StepFigures, StepJob } from './worker.ts';

/** What the benchmark reaches through `page.evaluate`: each call has a worker of its own. */
const offered = {
  steps: (job: StepJob): Promise<StepFigures> => ask('steps', job),
  simdRate: (): Promise<number> => ask('simdRate', null),
};

async function ask<Name extends keyof BenchMethods & string>(
  method: Name,
  input: BenchMethods[Name]['input'],
): Promise<BenchMethods[Name]['output']> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const caller = callerOf<BenchMethods>(worker);
  worker.addEventListener('error', ({ message }) => caller.end(message));
  try {
    const answer = await caller.call(method, input);
    if (!answer.ok) throw new Error(answer.message);
    return answer.value;
  } finally {
    worker.terminate();
  }
}

declare global {
  var bench: typeof offered;
}
globalThis.bench = offered;
