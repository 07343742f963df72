import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';

/** Things to wear (Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747), with the model and the plan of `digits`. */
export const fashion = {
  ...digits,
  id: 'fashion' as TaskSpec['id'],
  title: 'Things to wear',
  data: {
    kind: 'image',
    shape: [28, 28, 1],
    labels: ['T-shirt', 'Trousers', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
    sample: 'fashion',
    picture: 'object',
  },
} satisfies TaskSpec;
