import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';

/** The character that comes after ten others, in English: a row for each, and one hidden layer. */
export const nextCharacter = {
  ...digits,
  id: 'next-character' as TaskSpec['id'],
  title: 'The next character',
  model: {
    topology: {
      input: [10],
      layers: [
        { class_name: 'Embedding', config: { name: 'characters', input_dim: 30, output_dim: 8 } },
        { class_name: 'Flatten', config: { name: 'before' } },
        { class_name: 'Dense', config: { name: 'hidden', units: 64, activation: 'relu' } },
        { class_name: 'Dense', config: { name: 'next', units: 29, activation: 'softmax' } },
      ],
    },
    seed: 1,
  },
  data: { kind: 'characters', alphabet: 'abcdefghijklmnopqrstuvwxyz ,.', length: 10, sample: 'wordnet' },
  client: { ...digits.client, learningRate: 0.3 },
} satisfies TaskSpec;
