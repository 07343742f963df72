import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';
import { MOVIE_TITLES } from './movie-titles.ts';

/**
 * Which films somebody would like, of 120 (invented titles): four factors and a bias each, 600 parameters. A person's own
 * four numbers are solved for in the tab each round and stay there (Singhal et al., NeurIPS 2021, arXiv 2102.03448).
 * The server's rate is high because a film gets nothing from those who have not rated it.
 */
export const movies = {
  ...digits,
  id: 'movies' as TaskSpec['id'],
  title: 'Which films you would like',
  model: {
    topology: {
      input: [1],
      layers: [
        {
          class_name: 'Embedding',
          config: { name: 'films', input_dim: 120, output_dim: 5, embeddings_initializer: 'glorotUniform' },
        },
        { class_name: 'Flatten', config: { name: 'factors_and_bias' } },
      ],
    },
    seed: 1,
  },
  data: {
    kind: 'ratings',
    items: [...MOVIE_TITLES],
    scale: { minimum: 0.5, maximum: 5, step: 0.5 },
    ridge: 0.4,
    sample: 'ratings',
  },
  client: {
    ...digits.client,
    work: 'reconstruct',
    epochs: 1,
    batchSize: 20,
    learningRate: 4,
    loss: 'meanSquaredError',
  },
  strategy: { ...digits.strategy, serverOptimizer: { name: 'sgd', learningRate: 4 } },
} satisfies TaskSpec;
