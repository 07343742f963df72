import { COURTESY, ELIGIBILITY, GUARD, type TaskSpec } from '../spec.ts';

/** Handwritten digits with the 2NN of McMahan et al. 2017: batch 10, rate 0.1, one epoch. */
export const digits = {
  id: 'digits' as TaskSpec['id'],
  title: 'Handwritten digits',
  model: { zoo: 'mlp-2nn', seed: 1 },
  data: {
    kind: 'image',
    shape: [28, 28, 1],
    labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    sample: 'mnist',
  },
  client: {
    work: 'sgd',
    epochs: 1,
    batchSize: 10,
    learningRate: 0.1,
    optimizer: 'sgd',
    loss: 'categoricalCrossentropy',
  },
  strategy: { name: 'fedavg', weighting: 'numExamples', serverOptimizer: { name: 'sgd', learningRate: 1 } },
  rounds: {
    ...{ goal: 3, minimum: 2, overSelection: 1, selectionDeadlineMs: 30_000, reportingDeadlineMs: 120_000 },
    pace: 'fixed',
    selection: 'uniform',
  },
  codec: { up: 'float32', down: 'float32' },
  privacy: { mode: 'none' },
  eligibility: ELIGIBILITY,
  guard: GUARD,
  courtesy: COURTESY,
  access: { allowedOrigins: [] },
  maxDeltaNorm: 100,
} satisfies TaskSpec;
