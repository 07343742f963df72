import { expect, it } from 'vitest';
import { incompatibilities } from './compatibility.ts';
import type { TaskSpec } from './spec.ts';
import { digits } from './templates/digits.ts';

const problems = (changes: Partial<TaskSpec>): string[] =>
  incompatibilities({ ...(digits as TaskSpec), ...changes }).map(({ path }) => path);
const down = { up: 'float32', down: 'eden-4' } as const;

it('steps go with what changes whole models, and with codecs whose rest is made up for', () => {
  expect(problems({ codec: down })).toEqual([]);
  expect(problems({ codec: { ...down, down: 'random-k', fraction: 0.1 } })).toEqual(['codec.down']);
  expect(problems({ codec: down, client: { ...digits.client, work: 'scaffold' } as TaskSpec['client'] })).toContain(
    'codec.down',
  );
  const local = { ...digits.client, local: ['output'] } as TaskSpec['client'];
  expect(problems({ codec: down, client: local })).toContain('codec.down');
});

it('a uniform codec needs its range on the way down too', () => {
  expect(problems({ codec: { up: 'float32', down: 'uniform-8' } })).toEqual(['codec.range']);
  expect(problems({ codec: { up: 'float32', down: 'uniform-8', range: 0.1 } })).toEqual([]);
  expect(problems({ codec: { ...down, range: 0.1 } })).toEqual(['codec.range']);
});
