import { describe, expect, it } from 'vitest';
import { COMPATIBILITY } from '../../../shared/task/compatibility.ts';
import { taskSpecSchema } from '../../../shared/task/spec.ts';
import { TEMPLATES } from '../../../shared/task/templates/index.ts';
import { en } from '../words/en.ts';
import { zh } from '../words/zh.ts';
import { boundsOf } from './bounds.ts';
import { change, changeModel, type Draft, draftOf, withText } from './draft.ts';
import { byField, check, plainNumber } from './problems.ts';
import { fieldsFor, SECTIONS } from './sections.ts';

const digits = (): Draft => draftOf(TEMPLATES.digits);
const free = (_id: string): boolean => false;
function problemsOf(draft: Draft, isTaken = free): Record<string, string> {
  const checked = check(draft, isTaken);
  return checked.ok ? {} : Object.fromEntries(checked.problems);
}

describe('what is wrong', () => {
  it('is nothing in a template', () => expect(problemsOf(digits())).toEqual({}));

  it.each([
    ['title', '<b>digits</b>', 'Letters, digits, spaces and simple punctuation only.'],
    ['title', '', 'It needs a name.'],
    ['title', 'a'.repeat(81), 'From 1 to 80 characters.'],
    ['id', 'No Spaces', '1 to 40 of a–z, 0–9 and -.'],
    ['client.batchSize', 0, 'A whole number from 1 to 4,096.'],
    ['client.batchSize', 1.5, 'A whole number from 1 to 4,096.'],
    ['client.batchSize', null, 'A whole number from 1 to 4,096.'],
    ['client.learningRate', 0, 'A number from 0.000001 to 100.'],
    ['rounds.minimum', 4, 'Not above the goal.'],
    ['rounds.reportingDeadlineMs', 10, 'A number from 1 to 86,400.'],
    ['strategy.name', 'fedsgd', ''],
    ['access.joinToken', 'short', 'From 8 to 128 characters.'],
    ['client.maxSeconds', 0.5, 'A number from 1 to 3,600.'],
    ['client.maxSeconds', 121, 'Not longer than the wait for reports.'],
    ['model.seed', -1, 'A whole number from 0 to 4,294,967,295.'],
  ])('stands at its field: %s = %j', (path, value, sentence) => {
    expect(problemsOf(change(digits(), path, value))).toEqual(sentence === '' ? {} : { [path]: sentence });
  });

  it('of a list or a side stands at the whole', () => {
    expect(problemsOf(change(digits(), 'data.shape', [28, null, 1]))).toEqual({
      'data.shape': 'A whole number from 1 to 1,024.',
    });
    expect(problemsOf(withText(digits(), 'access.allowedOrigins', 'https://a.example\nnonsense'))).toEqual({
      'access.allowedOrigins': 'Each line an origin such as https://example.org, or *.',
    });
    expect(problemsOf(withText(digits(), 'client.local', 'nowhere'))).toEqual({
      'client.local': 'Names of layers of the model that learn something, each once, and not all of them.',
    });
    expect(problemsOf(withText(digits(), 'data.labels', 'one'))).toEqual({ 'data.labels': 'From 2 to 1,000 lines.' });
  });

  it('of sample data that are no such data is told in the language of the page', () => {
    expect(problemsOf(withText(digits(), 'data.labels', 'a\nb'))['data.sample']).toBe(
      'mnist is for data of shape 28 × 28 × 1 with 10 labels; choose none for other data.',
    );
    expect(zh.form.sampleShape('mnist', '28 × 28 × 1', '10')).toContain('28 × 28 × 1');
  });

  it('of the amount of work stands at the amount', () => {
    expect(problemsOf(change(digits(), 'client.epochs', 0))).toEqual({
      'client.amount': 'A whole number from 1 to 1,000.',
    });
    expect(problemsOf(change(digits(), 'client.epochs', undefined))).toEqual({
      'client.amount': 'Either epochs or steps, one of the two.',
    });
  });

  it('of a topology stands at it alone, with the place inside', () => {
    const own = changeModel(digits(), null);
    expect(problemsOf(withText(own, 'model.topology', '{'))).toEqual({
      'model.topology': 'This is not JSON that can be read.',
    });
    const units = withText(own, 'model.topology', own.texts['model.topology'].replace('"units": 10', '"units": 0'));
    expect(Object.keys(problemsOf(units))).toEqual(['model.topology']);
    expect(problemsOf(units)['model.topology']).toMatch(/^layers\.3\.config\.units: /);
    const nothing = withText(
      own,
      'model.topology',
      '{"input":[784],"layers":[{"class_name":"Flatten","config":{"name":"f"}}]}',
    );
    expect(problemsOf(nothing)).toEqual({ 'model.topology': 'the model has nothing to learn' });
  });

  it('is also an id that another task has', () => {
    expect(problemsOf(digits(), (id) => id === 'digits')).toEqual({ id: 'There is a task of this id already.' });
  });

  it('as the server says it stays in its words, at its field or at none', () => {
    const found = byField(
      [
        { path: 'rounds.goal', message: 'is too much for this server' },
        { path: 'template', message: 'must be one of digits' },
      ],
      digits(),
    );
    expect(Object.fromEntries(found)).toEqual({
      'rounds.goal': 'is too much for this server',
      '': 'template: must be one of digits',
    });
  });
});

describe('the form', () => {
  it('has a field for everything that a task is', () => {
    const shown: string[] = SECTIONS.flatMap(({ fields }) => fields.map(({ path }) => path));
    const covers = (leaf: string): boolean => shown.includes(leaf);
    // The strategy decides the schedule.
    const elsewhere = new Set(['model', 'client.epochs', 'client.maxSteps', 'strategy.schedule.kind']);
    const leaves = (schema: unknown, path: string): string[] => {
      // What has a default is looked into as well.
      const { wrapped = schema } = schema as { wrapped?: unknown };
      const { entries, type, options } = wrapped as Partial<Record<'entries', Record<string, unknown>>> & {
        type?: string;
        options?: unknown[];
      };
      if (type === 'variant') return (options ?? []).flatMap((option) => leaves(option, path));
      if (entries === undefined) return [path];
      return Object.entries(entries).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`));
    };
    const missing = leaves(taskSpecSchema, '').filter((leaf) => !covers(leaf) && !elsewhere.has(leaf));
    expect(missing).toEqual([]);
  });

  it('shows of the strategy what the chosen rule and optimizer have', () => {
    const { fields } = SECTIONS.find(({ name }) => name === 'strategy')!;
    const shown = (draft: Draft): string[] =>
      fieldsFor(fields, draft.spec).map(({ path }) =>
        path.replace('strategy.', '').replace('serverOptimizer', 'server'),
      );
    const plain = ['name', 'weighting', 'server.name', 'server.learningRate'];
    expect(shown(digits())).toEqual(plain);
    expect(shown(change(digits(), 'strategy.name', 'fedavgm'))).toEqual([...plain, 'server.beta', 'server.nesterov']);
    const moments = ['server.beta1', 'server.beta2', 'server.tau', 'server.biasCorrection'];
    expect(shown(change(digits(), 'strategy.name', 'fedadam'))).toEqual([...plain, ...moments]);
    const robust = change(digits(), 'strategy.name', 'robust');
    const rule = (name: string): string[] =>
      shown(change(robust, 'strategy.aggregator.name', name)).filter((path) => path.startsWith('aggregator.'));
    expect(rule('median')).toEqual(['aggregator.name']);
    expect(rule('multi-krum')).toEqual(['aggregator.name', 'aggregator.malicious', 'aggregator.keep']);
    expect(rule('centered-clipping')).toEqual(['aggregator.name', 'aggregator.radius', 'aggregator.passes']);
  });

  it('tells the limits of a robust rule in the language of the page', () => {
    const robust = change(digits(), 'strategy.name', 'robust');
    const sentence = 'This rule needs at least 3: of two reports either may be malicious.';
    expect(problemsOf(robust)).toEqual({ 'rounds.minimum': sentence });
    const three = change(robust, 'rounds.minimum', 3);
    expect(problemsOf(three)).toEqual({});
    expect(problemsOf(change(three, 'strategy.aggregator.name', 'trimmed-mean'))).toEqual({
      'strategy.aggregator.share': 'Too small for the minimum: it would leave out no report at all.',
    });
    expect(problemsOf(change(change(three, 'strategy.name', 'fedyogi'), 'strategy.serverOptimizer.beta2', 1))).toEqual({
      'strategy.serverOptimizer.beta2': 'A number from 0 to 0.9999.',
    });
  });

  it.each([en, zh])('has a sentence for every rule of the table of strategies, and of normalizations', ({ form }) => {
    const rules = COMPATIBILITY.filter(
      ({ path, message }) => path.startsWith('strategy.') || /robust|Krum|median|BatchNormalization/.test(message),
    );
    const sentences = form.problems as Readonly<Record<string, string>>;
    expect(rules.filter(({ message }) => !(message in sentences)).map(({ message }) => message)).toEqual([
      'this strategy takes the mean; any other aggregator makes it robust', // the form cannot come to it
    ]);
  });

  it('knows from the schema what fits', () => {
    expect(boundsOf('client.batchSize')).toMatchObject({
      minimum: 1,
      maximum: 4_096,
      isWhole: true,
      isOptional: false,
    });
    expect(boundsOf('client.epochs')).toMatchObject({ minimum: 1, maximum: 1_000, isOptional: true });
    expect(boundsOf('data.sample')).toMatchObject({ options: ['mnist', 'fashion'], isOptional: true });
    expect(boundsOf('data.shape.1')).toMatchObject({ minimum: 1, maximum: 1_024 });
    expect(boundsOf('model.seed')).toMatchObject({ minimum: 0, maximum: 0xffffffff });
    expect(boundsOf('model.zoo').options).toContain('mlp-2nn');
    expect(boundsOf('strategy.serverOptimizer.name').options).toEqual(['sgd', 'momentum', 'adagrad', 'adam', 'yogi']);
    expect(boundsOf('strategy.aggregator.share')).toMatchObject({ minimum: 0, maximum: 0.49 });
    expect(boundsOf('no.such.field')).toMatchObject({ minimum: null, options: [] });
  });

  it('writes numbers with the digits they have', () => {
    expect([0.1, 1e-6, 199_210].map(plainNumber)).toEqual(['0.1', '0.000001', '199,210']);
  });
});
