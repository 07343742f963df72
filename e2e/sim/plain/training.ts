import { countsOf, SCORED_EXAMPLES_MOST } from '../../../shared/evaluation/counts.ts';
import type { ModelTopology } from '../../../shared/model/topology.ts';
import type { Steps } from '../../../shared/steps.ts';
import { exampleSize, inputDivisor } from '../../../shared/task/kinds/form.ts';
import type { ClientPlan } from '../../../shared/task/spec.ts';
import { deltaOf } from '../../../shared/weights/delta.ts';
import { isFinite32 } from '../../../shared/weights/vector.ts';
import type { CountResult, TrainResult } from '../../../web/client/ports.ts';
import { shuffled } from '../../../web/trainer/core/batches.ts';
import { type Examples, partOf } from '../../../web/trainer/core/examples.ts';
import { splitOf } from '../../../web/trainer/core/held-out.ts';
import { timeBoxOf } from '../../../web/trainer/core/time-box.ts';
import { EXPLODED_FACTOR } from '../../../web/trainer/core/train.ts';
import { denseLayersOf, type PlainNetwork, plainNetwork } from './network.ts';

/** Own examples that are scored before and after, for the figures of a report. */
const SCORED_EXAMPLES = 100;

/** Between two of these others may have a turn. */
const BATCHES_A_STEP = 32;

/** What the plain trainer knows of the plan; whatever else is in it makes the plan another's. */
const PLAIN = new Set([
  'work',
  'epochs',
  'maxSteps',
  'maxSeconds',
  'batchSize',
  'learningRate',
  'optimizer',
  'loss',
  'heldOut',
]);

/** Why this work is not for the plain trainer; null where it is. */
export function notPlain(topology: ModelTopology, plan: ClientPlan): string | null {
  const layers = denseLayersOf(topology);
  if ('problem' in layers) return `the model ${layers.problem}`;
  if (plan.loss !== 'categoricalCrossentropy') return `the loss is ${plan.loss}`;
  if (plan.work !== 'sgd') return `the work is ${plan.work}`;
  if (plan.optimizer !== 'sgd') return `the optimizer is ${plan.optimizer}`;
  const other = Object.keys(plan).find((name) => !PLAIN.has(name));
  return other === undefined ? null : `the plan has ${other}`;
}

/** Local SGD (McMahan et al., AISTATS 2017, algorithm 1) without TF.js: the same batches in the same order as `web/trainer/core`. */
export class PlainTraining {
  readonly #plan: ClientPlan;
  readonly #network: PlainNetwork;

  /** Throws where `notPlain` has a reason. */
  constructor(topology: ModelTopology, plan: ClientPlan) {
    const reason = notPlain(topology, plan);
    const layers = denseLayersOf(topology);
    if (reason !== null || 'problem' in layers) throw new Error(`the plain trainer cannot train this: ${reason}`);
    this.#plan = plan;
    this.#network = plainNetwork(layers, plan.batchSize);
  }

  /** One assignment, in steps of a few batches; `stepMs` is what a batch takes a device in simulated time. */
  *train(params: Float32Array, own: Examples, seed: number, stepMs?: number): Steps<TrainResult> {
    const startMs = performance.now();
    const { heldOut, epochs = 1, maxSteps, maxSeconds, batchSize, learningRate } = this.#plan;
    const examples = heldOut ? splitOf(own).fitted : own;
    const { count } = examples;
    if (count === 0) return { ok: false, reason: 'no-examples', message: 'there is nothing to train on' };
    const scored = shuffled(count, 0, 0).subarray(0, SCORED_EXAMPLES);
    const steps = maxSteps ?? epochs * Math.ceil(count / batchSize);
    this.#network.setParams(params);
    const before = this.#score(examples, scored);
    const bound = EXPLODED_FACTOR * Math.max(1, before.loss);
    let done = 0;
    const box = timeBoxOf(maxSeconds, () => (stepMs === undefined ? performance.now() : done * stepMs));
    const isOver = (): boolean => done >= steps || box.isOver();
    for (let epoch = 0; !isOver(); epoch++) {
      const order = shuffled(count, seed, epoch);
      for (let start = 0; start < count && !isOver(); start += batchSize) {
        const loss = this.#network.step(this.#fill(examples, order.subarray(start, start + batchSize)), learningRate);
        done++;
        box.read();
        if (done % BATCHES_A_STEP === 0) yield;
        if (loss <= bound) continue;
        return Number.isFinite(loss)
          ? { ok: false, reason: 'exploded', message: 'the loss grew out of all proportion' }
          : { ok: false, reason: 'not-finite', message: 'the loss grew beyond all numbers' };
      }
    }
    const local = new Float32Array(params.length);
    this.#network.readParams(local);
    if (!isFinite32(local)) return { ok: false, reason: 'not-finite', message: 'the trained weights are not finite' };
    const after = this.#score(examples, scored);
    const metrics = {
      lossBefore: before.loss,
      lossAfter: Number.isFinite(after.loss) ? after.loss : null,
      accuracyBefore: before.accuracy,
      accuracyAfter: after.accuracy,
      trainingMs: Math.round(performance.now() - startMs),
    };
    return { ok: true, delta: deltaOf(local, params), examples: count, steps: done, metrics };
  }

  /** A part in an evaluation round (`web/trainer/core/count.ts`). */
  score(params: Float32Array, own: Examples): CountResult {
    const { heldOut } = splitOf(own);
    const order = shuffled(heldOut.count, 0, 0).subarray(0, SCORED_EXAMPLES_MOST);
    if (order.length === 0) return { ok: false, reason: 'no-examples', message: 'none of the examples is set aside' };
    this.#network.setParams(params);
    const { loss, accuracy } = this.#score(heldOut, order);
    const measure = { correct: Math.round(accuracy * order.length) };
    return { ok: true, counts: countsOf({ examples: order.length, loss, measure }), examples: order.length };
  }

  #fill(examples: Examples, indices: Uint32Array): number {
    const size = exampleSize(examples.form);
    const divisor = inputDivisor(examples.form);
    for (let row = 0; row < indices.length; row++) {
      const { part, at } = partOf(examples, indices[row] as number);
      this.#network.fill(row, part.features, at * size, divisor, part.targets[at] as number);
    }
    return indices.length;
  }

  #score(examples: Examples, order: Uint32Array): { readonly loss: number; readonly accuracy: number } {
    const { batchSize } = this.#plan;
    let loss = 0;
    let correct = 0;
    for (let start = 0; start < order.length; start += batchSize) {
      const part = this.#network.score(this.#fill(examples, order.subarray(start, start + batchSize)));
      loss += part.loss;
      correct += part.correct;
    }
    return { loss: loss / order.length, accuracy: correct / order.length };
  }
}
