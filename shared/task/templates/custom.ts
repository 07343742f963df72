import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';

/** A model of one's own (`shared/model/import`) in the place of this small one: 4,138 parameters, on handwritten digits. */
export const custom = {
  ...digits,
  id: 'custom' as TaskSpec['id'],
  title: 'A model of your own',
  model: {
    topology: {
      input: [28, 28, 1],
      layers: [
        {
          class_name: 'Conv2D',
          config: {
            name: 'conv2d',
            filters: 8,
            kernel_size: [5, 5],
            strides: [2, 2],
            padding: 'same',
            activation: 'relu',
          },
        },
        {
          class_name: 'MaxPooling2D',
          config: { name: 'max_pooling2d', pool_size: [2, 2], strides: [2, 2], padding: 'valid' },
        },
        { class_name: 'Flatten', config: { name: 'flatten' } },
        { class_name: 'Dense', config: { name: 'classes', units: 10, activation: 'softmax' } },
      ],
    },
    seed: 1,
  },
} satisfies TaskSpec;
