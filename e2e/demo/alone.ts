import { readMnistTestSet } from '../../server/samples/mnist.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { SampleShard } from '../../shared/wire/samples.ts';
import { openCpu } from '../../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../../web/trainer/core/backends/wasm.ts';
import { evaluate } from '../../web/trainer/core/evaluate.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { prepareModel } from '../../web/trainer/core/prepare.ts';
import { train } from '../../web/trainer/core/train.ts';

/** The best of the tabs, each alone; null where Node cannot train this model or there is nothing to score on. */
export async function bestAlone(spec: TaskSpec, shards: readonly SampleShard[], rounds: number): Promise<Score | null> {
  const digits = spec.data.sample === 'mnist' ? await readMnistTestSet() : null;
  if (digits === null || isConvolutional(spec)) return null;
  const held = examplesOf(spec.data.shape, spec.data.labels.length, [digits]);
  let best: Score | null = null;
  for (const shard of shards) {
    const score = await trainAlone(spec, shard, rounds, held);
    if (score !== null && score.accuracy > (best?.accuracy ?? -1)) best = score;
  }
  return best;
}

/** TF.js's WASM backend cannot train a convolution, and its plain CPU takes seconds a step. */
const isConvolutional = (spec: TaskSpec): boolean =>
  topologyOf(spec).layers.some((layer) => layer.class_name === 'Conv2D');

/** One tab alone: the same start, the same plan, as many rounds of local work, nothing shared. Scored on `held`. */
async function trainAlone(spec: TaskSpec, shard: SampleShard, rounds: number, held: Examples): Promise<Score | null> {
  const openers = {
    wasm: () => openWasm(),
    cpu: openCpu,
  };
  const { model } = await prepareModel(topologyOf(spec), spec.client, 'wasm', openers);
  try {
    const own = examplesOf(shard.shape, shard.classCount, [{ images: shard.images, labels: shard.labels }]);
    let params = initialWeights(modelOf(spec), spec.model.seed);
    for (let round = 0; round < rounds; round++) {
      const outcome = await train(model, params, own, { plan: spec.client, seed: round });
      if (!outcome.ok) return null;
      const next = params.slice();
      outcome.delta.forEach((change, i) => {
        next[i] = (next[i] as number) + change;
      });
      params = next;
    }
    model.setParams(params);
    const score = await evaluate(model, held);
    return score && { accuracy: score.accuracy, loss: score.loss };
  } finally {
    model.dispose();
  }
}
