import type { TaskSpec } from '../spec.ts';
import { digits } from './digits.ts';

const columns: Extract<TaskSpec['data'], { kind: 'table' }>['columns'] = [
  { type: 'number', name: 'distance_km', mean: 6.2, deviation: 4.6 },
  { type: 'number', name: 'hour', mean: 14, deviation: 4.6 },
  { type: 'category', name: 'day', values: ['workday', 'weekend'] },
  { type: 'category', name: 'weather', values: ['dry', 'rain', 'snow'] },
  { type: 'category', name: 'vehicle', values: ['bike', 'bus', 'car', 'tram'] },
];
const dense = (name: string, units: number, activation: 'relu' | 'linear' | 'softmax') =>
  ({ class_name: 'Dense', config: { name, units, activation } }) as const;
const hidden = [dense('hidden_1', 32, 'relu'), dense('hidden_2', 16, 'relu')];

/** How long a trip takes, from rows of a table: two hidden layers, 929 parameters. */
export const table = {
  ...digits,
  id: 'table' as TaskSpec['id'],
  title: 'How long a trip takes',
  model: { topology: { input: [11], layers: [...hidden, dense('minutes', 1, 'linear')] }, seed: 1 },
  data: { kind: 'table', columns, target: { name: 'minutes', mean: 24, deviation: 15 }, sample: 'trips' },
  client: { ...digits.client, learningRate: 0.05, loss: 'meanSquaredError' },
} satisfies TaskSpec;

/** The same rows, told apart by whether the trip was on time. */
export const tableClasses = {
  ...table,
  id: 'table-classes' as TaskSpec['id'],
  title: 'Whether a trip is on time',
  model: { topology: { input: [11], layers: [...hidden, dense('punctuality', 2, 'softmax')] }, seed: 1 },
  data: { kind: 'table', columns, target: { name: 'punctuality' }, labels: ['on time', 'late'], sample: 'trips' },
  client: { ...digits.client, learningRate: 0.1 },
} satisfies TaskSpec;
