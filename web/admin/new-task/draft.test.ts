import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTaskId, type Sha256 } from '../../../shared/ids.ts';
import type { ModelTopology } from '../../../shared/model/topology.ts';
import { parseTaskSpec } from '../../../shared/task/parse.ts';
import { SERVER_OPTIMIZERS } from '../../../shared/task/strategies.ts';
import { TEMPLATES } from '../../../shared/task/templates/index.ts';
import {
  change,
  changeModel,
  type Draft,
  draftOf,
  freeId,
  idFrom,
  specOf,
  valueAt,
  withModel,
  withText,
  withValue,
} from './draft.ts';

const digits = (): Draft => draftOf(TEMPLATES.digits);

describe('a draft', () => {
  it.each(Object.values(TEMPLATES))('of a task that nobody touched is that task: $id', (template) => {
    expect(specOf(draftOf(template))).toEqual(template);
  });
  it('changes one field and leaves the original alone', () => {
    const before = digits();
    const after = change(before, 'strategy.serverOptimizer.learningRate', 0.5);
    expect(specOf(after)).toEqual({
      ...TEMPLATES.digits,
      strategy: { ...TEMPLATES.digits.strategy, serverOptimizer: { name: 'sgd', learningRate: 0.5 } },
    });
    expect(specOf(before)).toEqual(TEMPLATES.digits);
  });
  it('takes an optional field out, and puts it in', () => {
    const open = change(digits(), 'data.sample', undefined);
    expect(valueAt(specOf(open), 'data')).not.toHaveProperty('sample');
    expect(valueAt(specOf(change(open, 'access.joinToken', 'secret-enough')), 'access')).toEqual({
      allowedOrigins: [],
      joinToken: 'secret-enough',
    });
  });
  it('reads lists a line an item, without empty ones', () => {
    const draft = withText(digits(), 'data.labels', ' cat \n\ndog\n');
    expect(valueAt(specOf(draft), 'data.labels')).toEqual(['cat', 'dog']);
  });
  it('one step on all examples is one epoch; FedSGD weighs alike', () => {
    const steps = change(change(digits(), 'client.epochs', undefined), 'client.maxSteps', 50);
    const spec = parseTaskSpec(specOf(change(change(steps, 'client.work', 'full-batch'), 'strategy.name', 'fedsgd')));
    expect(spec).toMatchObject({
      ok: true,
      value: { client: { work: 'full-batch', epochs: 1 }, strategy: { weighting: 'uniform' } },
    });
  });
  it('a strategy brings what it is composed of, and another optimizer or rule its own settings', () => {
    const momentum = change(digits(), 'strategy.name', 'fedavgm');
    expect(valueAt(specOf(momentum), 'strategy')).toEqual({
      ...{ name: 'fedavgm', weighting: 'numExamples' },
      serverOptimizer: { name: 'momentum', learningRate: 0.1, beta: 0.9, nesterov: false },
    });
    const robust = change(change(momentum, 'strategy.name', 'robust'), 'strategy.aggregator.name', 'krum');
    const yogi = change(robust, 'strategy.serverOptimizer.name', 'yogi');
    expect(valueAt(specOf(yogi), 'strategy')).toEqual({
      ...{ name: 'robust', weighting: 'uniform', aggregator: { name: 'krum', malicious: 1 } },
      serverOptimizer: SERVER_OPTIMIZERS.yogi,
    });
    expect(specOf(change(yogi, 'strategy.name', 'fedavg'))).toEqual(TEMPLATES.digits);
  });
  it('what belongs to one choice comes and goes with it: mu with prox, which FedProx takes, ρ with momentum', () => {
    const prox = change(change(digits(), 'strategy.name', 'fedprox'), 'client.optimizer', 'momentum');
    expect(parseTaskSpec(specOf(prox))).toMatchObject({
      ok: true,
      value: { client: { work: 'prox', mu: 0.1, optimizer: 'momentum', momentum: 0.9 } },
    });
    const tuned = change(change(prox, 'client.mu', 1), 'client.epochs', 2);
    expect(valueAt(specOf(tuned), 'client.mu')).toBe(1);
    const back = change(change(prox, 'client.work', 'sgd'), 'client.optimizer', 'sgd');
    expect(valueAt(specOf(back), 'client')).toEqual(TEMPLATES.digits.client);
  });
  it('SCAFFOLD brings its work and the plain mean, and takes its work along when it goes', () => {
    const heavy = change(digits(), 'client.optimizer', 'momentum');
    const scaffold = change(heavy, 'strategy.name', 'scaffold');
    expect(parseTaskSpec(specOf(scaffold))).toMatchObject({
      ok: true,
      value: { client: { work: 'scaffold', optimizer: 'sgd' }, strategy: { weighting: 'uniform' } },
    });
    expect(valueAt(specOf(change(scaffold, 'strategy.name', 'fednova')), 'client')).toEqual(TEMPLATES.digits.client);
  });
  it('local layers are a line each, and none where there is no line', () => {
    const local = withText(digits(), 'client.local', 'hidden_2\noutput\n');
    expect(parseTaskSpec(specOf(local))).toMatchObject({
      ok: true,
      value: { client: { local: ['hidden_2', 'output'] } },
    });
    expect(specOf(withText(local, 'client.local', ' '))).toEqual(TEMPLATES.digits);
  });
  it('a codec comes with a value for what it needs, and without what another needed', () => {
    const codecOf = (draft: Draft): unknown => valueAt(specOf(draft), 'codec');
    const uniform = change(digits(), 'codec.up', 'uniform-8-rotated');
    expect(codecOf(uniform)).toEqual({ up: 'uniform-8-rotated', down: 'float32', range: 0.05 });
    const wider = change(change(uniform, 'codec.range', 0.2), 'codec.up', 'uniform-4');
    expect(codecOf(wider)).toEqual({ up: 'uniform-4', down: 'float32', range: 0.2 });
    const sparse = change(wider, 'codec.up', 'top-k');
    expect(codecOf(sparse)).toEqual({ up: 'top-k', down: 'float32', fraction: 0.01 });
    expect(codecOf(change(sparse, 'codec.up', 'float32'))).toEqual({ up: 'float32', down: 'float32' });
    const both = change(change(digits(), 'codec.up', 'eden-1'), 'codec.down', 'uniform-8-rotated');
    expect(codecOf(both)).toEqual({ up: 'eden-1', down: 'uniform-8-rotated', range: 0.05 });
    expect(codecOf(change(both, 'codec.up', 'uniform-4'))).toEqual({
      ...{ up: 'uniform-4', down: 'uniform-8-rotated', range: 0.05 },
    });
    expect(codecOf(change(digits(), 'codec.range', null))).toEqual({ up: 'float32', down: 'float32' });
  });
  it('arrays keep their other items', () => {
    expect(withValue({ shape: [28, 28, 1] }, 'shape.2', 3)).toEqual({ shape: [28, 28, 3] });
  });
});

describe('a model of one’s own', () => {
  it('starts as the model of before, under the same seed', () => {
    const own = changeModel(change(digits(), 'model.seed', 9), null);
    const parsed = parseTaskSpec(specOf(own));
    expect(parsed.ok && parsed.value.model).toMatchObject({ seed: 9, topology: { input: [28, 28, 1] } });
    expect(valueAt(specOf(changeModel(own, 'cnn')), 'model')).toEqual({ zoo: 'cnn', seed: 9 });
  });
  it('that was brought takes its weights along until the topology is written by hand, and pictures take its shape', () => {
    const { topology } = TEMPLATES.custom.model;
    const weights = new Float32Array(4_138);
    const brought = withModel(digits(), { topology: structuredClone(topology) as never, weights });
    expect(brought.weights).toBe(weights);
    expect(specOf(brought)).toEqual({ ...TEMPLATES.digits, model: { topology, seed: 1 } });
    const written = withText(brought, 'model.topology', '{}');
    expect(written.weights).toBeNull();
    expect(changeModel(brought, 'cnn').weights).toBeNull();
    // A copy names its weights; they go in the same way.
    const named = draftOf({ ...TEMPLATES.custom, model: { ...topology_(), weights: 'a'.repeat(64) as Sha256 } });
    expect(valueAt(specOf(named), 'model.weights')).toBe('a'.repeat(64));
    expect(valueAt(specOf(withText(named, 'model.topology', '{}')), 'model.weights')).toBeUndefined();

    const colour = withModel(digits(), { topology: { ...topology_().topology, input: [32, 32, 3] }, weights: null });
    expect(valueAt(specOf(colour), 'data')).toEqual({
      kind: 'image',
      shape: [32, 32, 3],
      labels: TEMPLATES.digits.data.labels,
    });
  });
  it('that was brought with normalizations has them among the layers that stay local', () => {
    const norm = { class_name: 'BatchNormalization', config: { name: 'norm', momentum: 0.9, epsilon: 0.001 } } as const;
    const { topology } = topology_();
    const normalized = { ...topology, layers: [norm, ...topology.layers] };
    const parsed = parseTaskSpec(specOf(withModel(digits(), { topology: normalized, weights: null })));
    expect(parsed.ok && parsed.value.client.local).toEqual(['norm']);
    const mine = withText(digits(), 'client.local', 'classes');
    expect(withModel(mine, { topology, weights: null }).texts['client.local']).toBe('classes');
  });
  const topology_ = () => structuredClone(TEMPLATES.custom.model) as { topology: ModelTopology; seed: number };
  it('that is not JSON is a problem, not a crash', () => {
    const own = withText(changeModel(digits(), null), 'model.topology', '{ "input"');
    expect(parseTaskSpec(specOf(own)).ok).toBe(false);
  });
});

describe('an id', () => {
  it('follows the name', () => {
    expect(idFrom('Handwritten digits')).toBe('handwritten-digits');
    expect(idFrom('  Éléphants, 2nd try! ')).toBe('elephants-2nd-try');
    expect(idFrom('手写数字')).toBe('');
  });
  it('is an id or empty, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const id = idFrom(name);
        expect(id === '' || isTaskId(id)).toBe(true);
      }),
    );
  });
  it('that is taken gets the first number that is free, and stays an id', () => {
    const taken = new Set(['digits', 'digits-2']);
    expect(freeId('digits', (id) => taken.has(id))).toBe('digits-3');
    expect(freeId('new', (id) => taken.has(id))).toBe('new');
    const long = 'a'.repeat(40);
    expect(freeId(long, (id) => id === long)).toBe(`${'a'.repeat(38)}-2`);
  });
});
