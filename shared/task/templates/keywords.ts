import type { LayerTopology } from '../../model/topology.ts';
import { KEYWORDS } from '../kinds/audio.ts';
import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';

const conv = (name: string, filters: number): LayerTopology => ({
  class_name: 'Conv2D',
  config: { name, filters, kernel_size: [3, 3], strides: [1, 1], padding: 'same', activation: 'relu' },
});
const halve = (name: string): LayerTopology => ({
  class_name: 'MaxPooling2D',
  config: { name, pool_size: [2, 2], strides: [2, 2], padding: 'same' },
});

/** Eight spoken words, from 49 windows of 32 bands: two convolutions and one dense layer, 4,840 parameters. */
export const keywords = {
  ...digits,
  id: 'keywords' as TaskSpec['id'],
  title: 'Spoken words',
  model: {
    topology: {
      input: [49, 32, 1],
      layers: [
        halve('pool_0'),
        conv('conv_1', 8),
        halve('pool_1'),
        conv('conv_2', 16),
        halve('pool_2'),
        { class_name: 'Flatten', config: { name: 'flatten' } },
        { class_name: 'Dense', config: { name: 'words', units: 8, activation: 'softmax' } },
      ],
    },
    seed: 1,
  },
  data: { kind: 'audio', clipMs: 1_000, hopMs: 20, bands: 32, labels: [...KEYWORDS], sample: 'keywords' },
  // A voice has only forty examples.
  client: { ...digits.client, epochs: 10, batchSize: 8, learningRate: 0.2 },
} satisfies TaskSpec;
