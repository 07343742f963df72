import { describe, expect, it } from 'vitest';
import { incompatibilities } from './compatibility.ts';
import { modelOf } from './model-of.ts';
import { composeOverrides, isTemplateName, mergeOverrides, parseTaskSpec, taskFromTemplate } from './parse.ts';
import { TEMPLATES } from './templates/index.ts';

const pathsOf = (input: unknown): string[] => {
  const parsed = parseTaskSpec(input);
  return parsed.ok ? [] : parsed.failure.map((problem) => problem.path);
};
const overridden = (overrides: unknown): string[] =>
  pathsOf(mergeOverrides(structuredClone(TEMPLATES.digits), overrides));

describe('templates', () => {
  it.each(Object.keys(TEMPLATES))('%s is a valid task under its own name', (name) => {
    if (!isTemplateName(name)) throw new Error('not a template');
    const parsed = taskFromTemplate(name, {});
    expect(parsed).toMatchObject({ ok: true, value: { id: name } });
  });

  it('digits has the policy that the outward contract states', () => {
    expect(TEMPLATES.digits.rounds).toMatchObject({
      goal: 3,
      minimum: 2,
      overSelection: 1,
      selectionDeadlineMs: 30_000,
      reportingDeadlineMs: 120_000,
    });
    expect(modelOf(TEMPLATES.digits).layout.size).toBe(199_210);
  });

  it('seed-dense is 784 → 10 with relu and mean squared error', () => {
    const spec = TEMPLATES['seed-dense'];
    expect(modelOf(spec).layout.entries.map((entry) => entry.shape)).toEqual([[784, 10], [10]]);
    expect(spec.client).toMatchObject({ learningRate: 0.1, epochs: 1, loss: 'meanSquaredError' });
  });

  it('knows its own names only', () => {
    expect(['digits', 'seed-dense', 'constructor', '__proto__', 7].map(isTemplateName)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('overrides', () => {
  it('merge deep and leave the rest', () => {
    const parsed = taskFromTemplate('digits', { id: 'mine', rounds: { goal: 7 }, client: { batchSize: 32 } });
    if (!parsed.ok) throw new Error('refused');
    expect(parsed.value.id).toBe('mine');
    expect(parsed.value.rounds).toEqual({ ...TEMPLATES.digits.rounds, goal: 7 });
    expect(parsed.value.client.batchSize).toBe(32);
    expect(parsed.value.client.learningRate).toBe(0.1);
  });

  it('replace a zoo model by a topology whole, and remove optional fields by null', () => {
    const topology = {
      input: [28, 28, 1],
      layers: [
        { class_name: 'Flatten', config: { name: 'f' } },
        { class_name: 'Dense', config: { name: 'd', units: 10, activation: 'softmax' } },
      ],
    };
    const parsed = taskFromTemplate('digits', { model: { topology }, client: { epochs: null, maxSteps: 5 } });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
    expect(modelOf(parsed.value).layout.size).toBe(7_850);
    expect(parsed.value.client).not.toHaveProperty('epochs');
  });

  it('one over the other still remove what either removes', () => {
    const both = composeOverrides({ client: { mu: null, epochs: 2 } }, { client: { epochs: null, maxSteps: 5 } });
    expect(both).toEqual({ client: { mu: null, epochs: null, maxSteps: 5 } });
    const parsed = taskFromTemplate('digits', both);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
    expect(parsed.value.client).toMatchObject({ maxSteps: 5 });
    expect(parsed.value.client).not.toHaveProperty('epochs');
  });

  it('threat C11: do not reach a prototype', () => {
    const overrides = JSON.parse('{"__proto__": {"polluted": true}, "rounds": {"__proto__": {"polluted": true}}}');
    taskFromTemplate('digits', overrides);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('parseTaskSpec', () => {
  it('names the path of each problem', () => {
    expect(overridden({ id: 'Not Allowed', rounds: { goal: 0 }, client: { learningRate: Number.NaN } }).sort()).toEqual(
      ['client.learningRate', 'id', 'rounds.goal'],
    );
  });

  it('refuses unknown keys, at the top and below', () => {
    expect(overridden({ surprise: 1 })).toEqual(['surprise']);
    expect(overridden({ client: { surprise: 1 } })).toEqual(['client.surprise']);
  });

  it.each([null, undefined, 7, 'digits', [], () => 1])('refuses %s with problems, never a throw', (input) => {
    expect(pathsOf(input).length).toBeGreaterThan(0);
  });

  it('threat C13: refuses markup in a title and an origin that is not one', () => {
    expect(overridden({ title: '<script>' })).toEqual(['title']);
    expect(overridden({ access: { allowedOrigins: ['https://a.example/path'] } })).toEqual(['access.allowedOrigins.0']);
    expect(overridden({ access: { allowedOrigins: ['*', 'https://a.example:8443', 'http://localhost:1'] } })).toEqual(
      [],
    );
  });

  it('tells every problem, but of thousands of values the first alone: the others would be megabytes', () => {
    const problemsOf = (origins: number): number => {
      const result = parseTaskSpec({ ...TEMPLATES.digits, access: { allowedOrigins: Array(origins).fill(0) } });
      return result.ok ? 0 : result.failure.length;
    };
    expect([problemsOf(0), problemsOf(1_000), problemsOf(50_000)]).toEqual([0, 1_000, 1]);
  });
});

describe('compatibility', () => {
  it.each([
    ['rounds.minimum', { rounds: { minimum: 4 } }],
    ['client.epochs', { client: { maxSteps: 3 } }],
    ['client.work', { client: { work: 'full-batch', epochs: 2 } }],
    ['strategy.weighting', { strategy: { name: 'fedsgd' } }],
    ['model', { data: { shape: [32, 32, 1], sample: null } }],
    ['data.labels', { data: { labels: ['a', 'b'], sample: null } }],
    ['data.labels', { data: { labels: ['0', '0', '2', '3', '4', '5', '6', '7', '8', '9'] } }],
    ['client.loss', { model: { zoo: 'seed-dense' } }],
    ['client.mu', { client: { work: 'prox' } }],
    ['client.mu', { client: { mu: 0 } }],
    ['client.mu', { client: { work: 'prox', mu: 11 } }],
    ['client.momentum', { client: { optimizer: 'momentum' } }],
    ['client.momentum', { client: { momentum: 0.9 } }],
    ['client.optimizer', { client: { work: 'full-batch', optimizer: 'momentum', momentum: 0.9 } }],
    ['client.maxSeconds', { client: { work: 'full-batch', maxSeconds: 5 } }],
    ['client.maxSeconds', { client: { maxSeconds: 121 } }],
    ['client.work', { strategy: { name: 'fedprox' } }],
    ['client.work', { strategy: { name: 'fednova' }, client: { work: 'full-batch' } }],
    [
      'client.optimizer',
      { strategy: { name: 'fednova' }, client: { work: 'prox', mu: 1, optimizer: 'momentum', momentum: 0.9 } },
    ],
    ['client.work', { strategy: { name: 'scaffold', weighting: 'uniform' } }],
    ['client.work', { client: { work: 'scaffold' } }],
    ['strategy.weighting', { strategy: { name: 'scaffold' }, client: { work: 'scaffold' } }],
    [
      'client.optimizer',
      {
        strategy: { name: 'scaffold', weighting: 'uniform' },
        client: { work: 'scaffold', optimizer: 'momentum', momentum: 0.9 },
      },
    ],
    ['client.local', { client: { local: ['nowhere'] } }],
    ['client.local', { client: { local: ['flatten'] } }],
    ['client.local', { client: { local: ['output', 'output'] } }],
    ['client.local', { client: { local: ['hidden_1', 'hidden_2', 'output'] } }],
    ['client.local', { client: { local: [] } }],
    [
      'client.local',
      { strategy: { name: 'scaffold', weighting: 'uniform' }, client: { work: 'scaffold', local: ['output'] } },
    ],
    ['client.reportMomentum', { client: { reportMomentum: 1 } }],
    ['client.reportMomentum', { client: { reportMomentum: -0.1 } }],
    ['client.reportMomentum', { strategy: { name: 'fednova' }, client: { reportMomentum: 0.9 } }],
    [
      'client.reportMomentum',
      { strategy: { name: 'scaffold', weighting: 'uniform' }, client: { work: 'scaffold', reportMomentum: 0.9 } },
    ],
    [
      'client.reportMomentum',
      {
        strategy: {
          name: 'fedbuff',
          weighting: 'uniform',
          schedule: { kind: 'buffered', size: 3, maximumStaleness: 10, concurrency: 3 },
        },
        client: { reportMomentum: 0.9 },
      },
    ],
  ])('refuses what contradicts itself at %s', (path, overrides) => {
    expect(overridden(overrides)).toEqual([path]);
  });

  it('gives mnist only to data of its shape and labels', () => {
    const dense = (input: readonly number[], units: number) => ({
      topology: {
        input,
        layers: [
          { class_name: 'Flatten', config: { name: 'f' } },
          { class_name: 'Dense', config: { name: 'd', units, activation: 'softmax' } },
        ],
      },
    });
    const large = { model: dense([32, 32, 1], 10), data: { shape: [32, 32, 1] } };
    const two = { model: dense([28, 28, 1], 2), data: { labels: ['even', 'odd'] } };
    expect([large, two].map(overridden)).toEqual([['data.sample'], ['data.sample']]);
    const without = [large, two].map(({ model, data }) => ({ model, data: { ...data, sample: null } }));
    expect(without.map(overridden)).toEqual([[], []]);
    expect(overridden({ data: { labels: [...'abcdefghij'] } })).toEqual([]);
  });

  it('takes fedprox and scaffold with their works, momentum with its ρ, time-boxed work and local layers', () => {
    const prox = { strategy: { name: 'fedprox' }, client: { work: 'prox', mu: 1 } };
    const heavy = { client: { optimizer: 'momentum', momentum: 0.9, maxSeconds: 20 } };
    const nova = { strategy: { name: 'fednova' }, client: { maxSeconds: 20 } };
    const scaffold = { strategy: { name: 'scaffold', weighting: 'uniform' }, client: { work: 'scaffold' } };
    const head = { client: { local: ['output'] } };
    expect([prox, heavy, nova, scaffold, head].map(overridden)).toEqual([[], [], [], [], []]);
  });

  describe('FedBN: a model with a BatchNormalization', () => {
    const flat = [
      { class_name: 'Flatten', config: { name: 'f' } },
      { class_name: 'BatchNormalization', config: { name: 'norm' } },
      { class_name: 'Dense', config: { name: 'd', units: 10, activation: 'softmax' } },
    ];
    const [f, norm, d] = flat;
    const pictures = [norm, f, d];
    const problems = (layers: readonly unknown[], rest: object): readonly string[] => {
      const model = { topology: { input: [28, 28, 1], layers } };
      const found = parseTaskSpec(mergeOverrides(structuredClone(TEMPLATES.digits), { model, ...rest }));
      return found.ok ? [] : found.failure.map(({ path, message }) => `${path}: ${message}`);
    };
    const local = { local: ['norm'] };

    it('is refused where one of its means and variances would be averaged, with the reason', () => {
      const averaged =
        'client.local: must name every BatchNormalization: its mean and variance are those of the own examples, and a server optimizer could make a variance negative';
      expect(problems(flat, {})).toEqual([averaged]);
      expect(problems(flat, { client: { local: ['d'] } })).toEqual([averaged]);
      const two = [f, norm, { class_name: 'BatchNormalization', config: { name: 'norm_2' } }, d];
      expect(problems(two, { client: local })).toEqual([averaged]);
      expect(problems(two, { client: { local: ['norm', 'norm_2'] } })).toEqual([]);
      expect(problems(flat, { client: local })).toEqual([]);
    });

    it('goes with every work, strategy and schedule that local layers go with', () => {
      const tried = {
        prox: { strategy: { name: 'fedprox' }, client: { ...local, work: 'prox', mu: 0.1 } },
        fedsgd: { strategy: { name: 'fedsgd', weighting: 'uniform' }, client: { ...local, work: 'full-batch' } },
        momentum: { client: { ...local, optimizer: 'momentum', momentum: 0.9, maxSeconds: 20, heldOut: true } },
        fednova: { strategy: { name: 'fednova' }, client: local },
        fedadam: { strategy: { name: 'fedadam', serverOptimizer: { name: 'adam' } }, client: local },
        topk: { codec: { up: 'top-k', fraction: 0.1 }, client: local },
      };
      for (const [name, rest] of Object.entries(tried)) expect([name, problems(flat, rest)]).toEqual([name, []]);
      const scaffold = { strategy: { name: 'scaffold', weighting: 'uniform' }, client: { ...local, work: 'scaffold' } };
      expect(problems(flat, scaffold)).toEqual(['client.local: scaffold corrects every layer: none is local']);
    });

    it('takes batches of one only where an example has more than one value of each channel', () => {
      const one = { client: { ...local, batchSize: 1 } };
      expect(problems(flat, one)).toEqual([
        'client.batchSize: a BatchNormalization of one value for each channel needs batches of two or more: one example has no variance',
      ]);
      expect(problems(pictures, one)).toEqual([]);
      const whole = {
        class_name: 'MaxPooling2D',
        config: { name: 'p', pool_size: [28, 28], strides: [1, 1], padding: 'valid' },
      };
      expect(problems([whole, norm, f, d], one)).toHaveLength(1);
      expect(problems(flat, { client: { ...local, batchSize: 2 } })).toEqual([]);
    });
  });

  it.each([
    { client: { reportMomentum: 0 } },
    { client: { reportMomentum: 0.999, optimizer: 'momentum', momentum: 0.9, local: ['output'] } },
    { client: { reportMomentum: 0.9 }, codec: { up: 'top-k', fraction: 0.01 } },
    { strategy: { name: 'fedsgd', weighting: 'uniform' }, client: { work: 'full-batch', reportMomentum: 0.9 } },
    {
      strategy: { name: 'robust', weighting: 'uniform', aggregator: { name: 'centered-clipping', radius: 0.3 } },
      rounds: { minimum: 3 },
      client: { reportMomentum: 0.9 },
    },
  ])('takes momentum of reports: %j', (overrides) => {
    expect(overridden(overrides)).toEqual([]);
  });

  it('takes fedsgd as one full-batch step and the plain mean', () => {
    expect(overridden({ client: { work: 'full-batch' }, strategy: { name: 'fedsgd', weighting: 'uniform' } })).toEqual(
      [],
    );
  });

  it('says of a topology that does not build only that', () => {
    const spec = structuredClone(TEMPLATES.digits) as never as Parameters<typeof incompatibilities>[0];
    const broken = {
      ...spec,
      model: {
        topology: {
          input: [28, 28, 1],
          layers: [{ class_name: 'Dense', config: { name: 'd', units: 10, activation: 'softmax' } }],
        },
        seed: 1,
      },
    } as typeof spec;
    expect(incompatibilities(broken).map((problem) => problem.path)).toEqual(['model.topology']);
  });
});

describe('ratings', () => {
  const changed = (overrides: unknown): string[] =>
    pathsOf(mergeOverrides(structuredClone(TEMPLATES.movies), overrides));
  const embedding = (change: object = {}) => ({
    class_name: 'Embedding',
    config: { name: 'films', input_dim: 120, output_dim: 5, ...change },
  });
  const flatten = { class_name: 'Flatten', config: { name: 'flat' } };
  const withLayers = (...layers: readonly unknown[]) => changed({ model: { topology: { layers } } });

  it('go with the work reconstruct, and it with nothing else', () => {
    expect(changed({ client: { work: 'sgd' } })).toEqual(['client.work']);
    expect(overridden({ client: { work: 'reconstruct' } })).toEqual(['client.work']);
    expect(changed({ client: { maxSteps: 3 } })).toEqual(['client.epochs']);
  });

  it('cannot be set aside, as everything else can', () => {
    expect(changed({ client: { heldOut: true } })).toEqual(['client.heldOut']);
    expect(changed({ client: { heldOut: false } })).toEqual([]);
    expect(overridden({ client: { heldOut: true } })).toEqual([]);
    expect(overridden({ client: { heldOut: 0.2 } })).toEqual(['client.heldOut']);
  });

  it('take an Embedding with a bias beside its factors, a Flatten, and nothing more', () => {
    const dense = { class_name: 'Dense', config: { name: 'more', units: 5, activation: 'linear' } };
    expect(withLayers(embedding(), flatten)).toEqual([]);
    expect(withLayers(embedding({ output_dim: 1 }), flatten)).toEqual(['model']);
    expect(withLayers(embedding({ input_dim: 119 }), flatten)).toEqual(['model']);
    expect(withLayers(embedding(), flatten, dense)).toEqual(['model']);
    expect(withLayers(embedding(), { class_name: 'GlobalAveragePooling1D', config: { name: 'mean' } })).toEqual([
      'model',
    ]);
  });
});
