import { parentPort } from 'node:worker_threads';
import { assert } from '../../../shared/assert.ts';
import { finish } from '../../../shared/steps.ts';
import type { Examples } from '../../../web/trainer/core/examples.ts';
import type { PlainAnswer, PlainCall, PlainJob } from './messages.ts';
import { PlainTraining } from './training.ts';

// A thread that trains one contributor after the other.
const port = parentPort;
assert(port !== null, 'this is the entry of a thread');

const examplesOf = new Map<number, Examples>();
let made: { readonly key: string; readonly training: PlainTraining } | undefined;

function trainingOf({ topology, plan }: PlainJob): PlainTraining {
  const key = JSON.stringify([topology, plan]);
  if (made?.key !== key) made = { key, training: new PlainTraining(topology, plan) };
  return made.training;
}

port.on('message', (call: PlainCall) => {
  if (call.kind === 'examples') {
    examplesOf.set(call.owner, call.examples);
    return;
  }
  const { id, owner, job, params, seed, stepMs } = call;
  const examples = examplesOf.get(owner);
  assert(examples !== undefined, 'examples come before work on them');
  const training = trainingOf(job);
  const result =
    call.kind === 'train' ? finish(training.train(params, examples, seed, stepMs)) : training.score(params, examples);
  const answer: PlainAnswer = { id, result };
  const vector = result.ok ? ('delta' in result ? result.delta : result.counts) : null;
  port.postMessage(answer, vector === null ? [] : [vector.buffer as ArrayBuffer]);
});
