import { sourceOf } from '../../server/samples/index.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { SampleShard } from '../../shared/wire/samples.ts';
import { openCpu } from '../../web/trainer/core/backends/cpu.ts';
import { openWasm } from '../../web/trainer/core/backends/wasm.ts';
import { evaluate, scoreOf } from '../../web/trainer/core/evaluate.ts';
import { type ExamplePart, type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { prepareModel } from '../../web/trainer/core/prepare.ts';
import { train } from '../../web/trainer/core/train.ts';

/** The best of the tabs, each alone; null where Node cannot train this model or there is nothing to score on. */
export async function bestAlone(spec: TaskSpec, shards: readonly SampleShard[], rounds: number): Promise<Score | null> {
  const columns = await sourceOf(spec.data)?.readHeldOut(spec.data);
  if (!columns || isConvolutional(spec)) return null;
  const held = examplesOf(formOf(spec.data), [columns], columns.perPerson);
  let best: Score | null = null;
  for (const shard of shards) {
    const score = await trainAlone(spec, [shard], rounds, held);
    if (score !== null && isBetter(score, best)) best = score;
  }
  return best;
}

const isBetter = (score: Score, than: Score | null): boolean =>
  than === null ||
  (score.accuracy ?? 0) - (score.absoluteError ?? 0) > (than.accuracy ?? 0) - (than.absoluteError ?? 0);

/** TF.js's WASM backend cannot train a convolution, and its plain CPU takes seconds a step. */
const isConvolutional = (spec: TaskSpec): boolean =>
  topologyOf(spec).layers.some((layer) => layer.class_name === 'Conv2D');

/** One tab alone: the same start, the same plan, as many rounds of local work, nothing shared. Scored on `held`. `start`: not from the seed. `perPerson`: of several people in one place. */
export async function trainAlone(
  spec: TaskSpec,
  parts: readonly ExamplePart[],
  rounds: number,
  held: Examples,
  { start = null, perPerson }: { readonly start?: Float32Array | null; readonly perPerson?: number | undefined } = {},
): Promise<Score | null> {
  const openers = {
    wasm: () => openWasm(),
    cpu: openCpu,
  };
  const { model } = await prepareModel(topologyOf(spec), spec.client, 'wasm', openers);
  try {
    const own = examplesOf(formOf(spec.data), parts, perPerson);
    let params = start ?? initialWeights(modelOf(spec), spec.model.seed);
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
    return score && scoreOf(score);
  } finally {
    model.dispose();
  }
}
