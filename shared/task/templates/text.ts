import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';

/**
 * What a definition is the definition of: the mean of its words' rows, and one Dense layer; 16,438 parameters. The rate
 * is high because each of 24 places gets a 24th of the gradient.
 */
export const text = {
  ...digits,
  id: 'text' as TaskSpec['id'],
  title: 'What a definition is about',
  model: {
    topology: {
      input: [24],
      layers: [
        { class_name: 'Embedding', config: { name: 'words', input_dim: 2048, output_dim: 8 } },
        { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } },
        { class_name: 'Dense', config: { name: 'subject', units: 6, activation: 'softmax' } },
      ],
    },
    seed: 1,
  },
  data: {
    kind: 'text',
    length: 24,
    buckets: 2048,
    labels: ['animal', 'plant', 'food', 'person', 'place', 'thing'],
    sample: 'wordnet',
  },
  client: { ...digits.client, learningRate: 4 },
} satisfies TaskSpec;
