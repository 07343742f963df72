import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CODEC_NAMES, type CodecName } from '../../shared/codec/index.ts';
import { needsFraction, needsRange } from '../../shared/codec/names.ts';
import { composeOverrides, isTemplateName } from '../../shared/task/parse.ts';
import { type TaskSpec, taskSpecSchema } from '../../shared/task/spec.ts';
import { TEMPLATES, type TemplateName } from '../../shared/task/templates/index.ts';
import { BACKENDS, type RequestedBackend } from '../../web/client/ports.ts';
import { ATTACK_NAMES, type AttackChoice, looksAtOthers, readAttack } from './attacks.ts';
import { LEAVING_STATES, type Leave, readLeaves, readSpeed, type Speed } from './devices.ts';
import { type Partition, readPartition, readSizes, type Sizes, takesSizes } from './partition.ts';

const SHIFTS = ['none', 'pictures'] as const;
const TRAINERS = ['auto', 'core', 'plain'] as const;
type StrategyName = TaskSpec['strategy']['name'];
const STRATEGIES: readonly StrategyName[] = taskSpecSchema.entries.strategy.entries.name.options;

export interface SimulateOptions {
  readonly task: TemplateName;
  readonly clients: number;
  readonly cohort: number;
  readonly rounds: number;
  readonly examples: number;
  readonly partition: Partition;
  readonly sizes: Sizes;
  /** Gives each contributor's pictures a look of their own. */
  readonly shift: (typeof SHIFTS)[number];
  readonly strategy: StrategyName | null;
  readonly codec: CodecName | null;
  /** What the codec needs besides its name. */
  readonly range: number | null;
  readonly fraction: number | null;
  readonly learningRate: number | null;
  readonly epochs: number | null;
  readonly batchSize: number | null;
  /** Further fields of the task, merged over the others. */
  readonly set: object;
  readonly inProcess: boolean;
  readonly trainer: (typeof TRAINERS)[number];
  /** Threads that the plain trainer trains in; 0 is this one. */
  readonly threads: number;
  readonly overSelection: number;
  /** Seconds from the assignment to the deadline of a report. */
  readonly deadlineSeconds: number;
  readonly speed: Speed;
  /** Probability that a report comes after the deadline. */
  readonly late: number;
  /** Probability that a selected contributor leaves the round in mid-training. */
  readonly dropout: number;
  readonly leave: readonly Leave[];
  readonly attack: AttackChoice | null;
  /** Share of the contributors that attack. */
  readonly malicious: number;
  /** So many assignments of its own an attacker works on honestly first. */
  readonly attackAfter: number;
  readonly seed: number;
  readonly backend: RequestedBackend;
  /** A folder with a model of one's own, in the place of the task's. */
  readonly model: string | null;
  /** Ends when a version is as accurate. */
  readonly until: number | null;
  readonly json: string | null;
  readonly csv: string | null;
  readonly svg: string | null;
  /** Learning rates of which the best is looked for; null for one run. */
  readonly sweep: readonly number[] | null;
}

export const HELP = `npm run simulate -- [options]
npm run simulate -- sweep --lr 0.05,0.1,0.2 [options]
npm run simulate -- papers [--help]
Headless contributors with the tabs' own engine, over real sockets to a real server or in one process. A sweep runs the
same rounds with each learning rate and says which reached the most. Where the task sets examples aside (--set
client.heldOut=true), the newest version is scored on those of all contributors at the end.

  --task T          ${Object.keys(TEMPLATES).join(' | ')} (digits)
  --clients N       contributors (10)
  --cohort N        contributors in each round (all of them)
  --rounds N        rounds to commit (10)
  --examples N      examples of each contributor (600)
  --partition P     iid | people | shards:N | dirichlet:ALPHA | dirichlet-b:BETA | labels:N (iid; ratings: people)
                    dirichlet: convention A (Hsu et al. 2019), each contributor's labels from Dir(ALPHA × shares of the labels);
                    dirichlet-b: convention B (Yurochkin et al. 2019), each label over the contributors from Dir(BETA)
  --sizes S         equal | dirichlet:ALPHA: how many each contributor has, of iid and dirichlet (equal)
  --shift S         ${SHIFTS.join(' | ')}: each contributor's pictures in a contrast and brightness of their own, of half of them inverted (none)
  --strategy S      ${STRATEGIES.join(' | ')} (the task's)
  --codec C         ${CODEC_NAMES.join(' | ')} (the task's)
  --range R         of uniform codecs: values are cut off at ±R (0.05)
  --fraction F      of top-k and random-k: the share of the values that is sent (0.01)
  --lr R            the contributors' learning rate (the task's)
  --epochs N        local epochs (the task's)
  --batch N         local batch size (the task's)
  --spec FILE       a task as JSON, the body of POST /api/tasks, in the place of --task
  --set PATH=VALUE  any other field of the task, for instance model.zoo=softmax; may be given more than once
  --in-process      no sockets, in simulated time, the same to the bit for one seed
  --trainer T       ${TRAINERS.join(' | ')}: the tabs' own, or plain arrays for dense models (auto: plain where it can)
  --threads N       threads that the plain trainer trains in (0: this one)
  --over-selection X  so many times the cohort are selected (1)
  --deadline S      seconds until a report is late (86400)
  --speed S         same | lognormal:SIGMA | pareto:ALPHA: devices in simulated time, also for client.maxSeconds (same)
  --late P          probability that a report comes after the deadline, in simulated time (0)
  --dropout P       probability that a selected contributor leaves in mid-training (0)
  --leave S:P,…     the same for each of the states ${LEAVING_STATES.join(', ')}
  --attack A        ${ATTACK_NAMES.join(' | ')}, with :STRENGTH where it has one
  --attack-after N  assignments that an attacker works on honestly first (0)
  --malicious P     share of the contributors that attack (0.2 with --attack)
  --seed N          seeds the model, the partition and what befalls the contributors (1); over sockets the server draws cohorts by itself
  --backend B       ${BACKENDS.join(' | ')} (auto: WebAssembly, else the plain CPU)
  --model DIR       a model of your own: model.json and its .bin files (the task's)
  --until A         stop once a version is as accurate, from 0 to 1, and say where the curve crosses it
  --json FILE       write the figures as JSON
  --csv FILE        write a row a round
  --svg FILE        draw the accuracy by round, by bytes and by time
`;

const flags = {
  task: { type: 'string' },
  spec: { type: 'string' },
  clients: { type: 'string', default: '10' },
  cohort: { type: 'string' },
  rounds: { type: 'string', default: '10' },
  examples: { type: 'string', default: '600' },
  partition: { type: 'string' },
  sizes: { type: 'string', default: 'equal' },
  shift: { type: 'string', default: 'none' },
  strategy: { type: 'string' },
  codec: { type: 'string' },
  range: { type: 'string' },
  fraction: { type: 'string' },
  lr: { type: 'string' },
  epochs: { type: 'string' },
  batch: { type: 'string' },
  trainer: { type: 'string', default: 'auto' },
  threads: { type: 'string', default: '0' },
  'over-selection': { type: 'string', default: '1' },
  deadline: { type: 'string', default: '86400' },
  speed: { type: 'string', default: 'same' },
  late: { type: 'string', default: '0' },
  dropout: { type: 'string', default: '0' },
  leave: { type: 'string' },
  attack: { type: 'string' },
  'attack-after': { type: 'string' },
  malicious: { type: 'string' },
  seed: { type: 'string', default: '1' },
  backend: { type: 'string', default: 'auto' },
  model: { type: 'string' },
  until: { type: 'string' },
  json: { type: 'string' },
  csv: { type: 'string' },
  svg: { type: 'string' },
} as const;
const others = {
  set: { type: 'string', multiple: true, default: [] as string[] },
  'in-process': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

class Wrong extends Error {}

/** The options, or what is wrong with them in one sentence. */
export function readOptions(args: readonly string[]): SimulateOptions | 'help' | { readonly problem: string } {
  const isSweep = args[0] === 'sweep';
  try {
    const { values } = parseArgs({ args: args.slice(isSweep ? 1 : 0), options: { ...flags, ...others } });
    return values.help ? 'help' : optionsOf(values, values.set, values['in-process'], isSweep);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

type Values = { readonly [Name in keyof typeof flags]?: string | undefined };

function optionsOf(values: Values, set: readonly string[], inProcess: boolean, isSweep: boolean): SimulateOptions {
  const { task, overrides } = taskOf(values);
  const clients = whole(values, 'clients', 1, 10_000) ?? 0;
  const cohort = whole(values, 'cohort', 1, 10_000) ?? clients;
  if (cohort > clients) throw new Wrong('--cohort cannot be more than --clients');
  const examples = whole(values, 'examples', 1, 60_000) ?? 0;
  const speed = readSpeed(values.speed ?? '');
  if (speed === null) throw new Wrong('--speed takes same, lognormal:SIGMA or pareto:ALPHA');
  const leave = values.leave === undefined ? [] : readLeaves(values.leave);
  if (leave === null) throw new Wrong(`--leave takes STATE:P, … with a state of ${LEAVING_STATES.join(', ')}`);
  const late = real(values, 'late', 0, 1) ?? 0;
  if (!inProcess && (speed.kind !== 'same' || late > 0))
    throw new Wrong('--speed and --late are of simulated time: they take --in-process');
  const until = real(values, 'until', 0, 1);
  return {
    ...{ task, clients, cohort, examples, speed, leave, late, until, inProcess },
    ...dealtAs(values, task, examples),
    ...attackedBy(values, inProcess),
    rounds: whole(values, 'rounds', 1, 100_000) ?? 0,
    strategy: values.strategy === undefined ? null : oneOf(values.strategy, STRATEGIES, 'strategy'),
    ...codecOf(values),
    learningRate: isSweep ? null : real(values, 'lr', 1e-6, 100),
    epochs: whole(values, 'epochs', 1, 1_000),
    batchSize: whole(values, 'batch', 1, 4_096),
    set: composeOverrides(overrides, setOf(set)),
    trainer: oneOf(values.trainer ?? '', TRAINERS, 'trainer'),
    threads: whole(values, 'threads', 0, 64) ?? 0,
    overSelection: real(values, 'over-selection', 1, 10) ?? 1,
    deadlineSeconds: real(values, 'deadline', 1, 86_400) ?? 0,
    dropout: real(values, 'dropout', 0, 1) ?? 0,
    seed: whole(values, 'seed', 0, 0xffffffff) ?? 0,
    backend: oneOf(values.backend ?? '', BACKENDS, 'backend'),
    model: values.model ?? null,
    json: values.json ?? null,
    csv: values.csv ?? null,
    svg: values.svg ?? null,
    sweep: isSweep ? ratesOf(values) : null,
  };
}

/** A template, and what a file says differs from it. */
function taskOf(values: Values): { readonly task: TemplateName; readonly overrides: object } {
  const { template = 'digits', ...overrides } =
    values.spec === undefined ? { template: values.task } : specIn(values.spec);
  if (values.spec !== undefined && values.task !== undefined) throw new Wrong('--spec takes the place of --task');
  if (typeof template !== 'string' || !isTemplateName(template))
    throw new Wrong(
      `${values.spec === undefined ? '--task' : 'the template of --spec'} takes one of ${Object.keys(TEMPLATES).join(', ')}`,
    );
  return { task: template, overrides };
}

function specIn(path: string): { readonly template?: unknown } {
  try {
    const spec: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof spec === 'object' && spec !== null && !Array.isArray(spec)) return spec;
  } catch (error) {
    throw new Wrong(`--spec ${path}: ${error instanceof Error ? error.message : error}`);
  }
  throw new Wrong(`--spec ${path} is no JSON object`);
}

function codecOf(values: Values): Pick<SimulateOptions, 'codec' | 'range' | 'fraction'> {
  const codec = values.codec === undefined ? null : oneOf(values.codec, CODEC_NAMES, 'codec');
  const range = real(values, 'range', 1e-9, 1e6);
  const fraction = real(values, 'fraction', 1e-6, 1);
  if (range !== null && !(codec && needsRange(codec))) throw new Wrong('--range goes with a uniform --codec');
  if (fraction !== null && !(codec && needsFraction(codec)))
    throw new Wrong('--fraction goes with --codec top-k or random-k');
  return {
    codec,
    range: codec && needsRange(codec) ? (range ?? 0.05) : null,
    fraction: codec && needsFraction(codec) ? (fraction ?? 0.01) : null,
  };
}

function dealtAs(
  values: Values,
  task: TemplateName,
  examples: number,
): Pick<SimulateOptions, 'partition' | 'sizes' | 'shift'> {
  const isOfPeople = TEMPLATES[task].data.kind === 'ratings';
  const partition = readPartition(values.partition ?? (isOfPeople ? 'people' : 'iid'));
  if (partition === null)
    throw new Wrong('--partition takes iid, people, shards:N, dirichlet:ALPHA, dirichlet-b:BETA or labels:N');
  // Dealt out singly, a person's ratings are nobody's taste.
  if (isOfPeople && partition.kind !== 'people') throw new Wrong(`--task ${task} takes --partition people alone`);
  if (partition.kind === 'shards' && partition.perClient > examples)
    throw new Wrong('--partition has more shards than --examples');
  const sizes = readSizes(values.sizes ?? '');
  if (sizes === null) throw new Wrong('--sizes takes equal or dirichlet:ALPHA');
  if (sizes.kind !== 'equal' && !takesSizes(partition))
    throw new Wrong('--sizes can be chosen with --partition iid and dirichlet:ALPHA');
  const shift = oneOf(values.shift ?? '', SHIFTS, 'shift');
  if (shift === 'pictures' && TEMPLATES[task].data.kind !== 'image')
    throw new Wrong('--shift pictures takes a --task of pictures');
  return { partition, sizes, shift };
}

function attackedBy(values: Values, inProcess: boolean): Pick<SimulateOptions, 'attack' | 'malicious' | 'attackAfter'> {
  const attack = values.attack === undefined ? null : readAttack(values.attack);
  if (values.attack !== undefined && attack === null)
    throw new Wrong(`--attack takes ${ATTACK_NAMES.join(', ')}, with :STRENGTH where it has one`);
  const malicious = real(values, 'malicious', 0, 1);
  if (attack === null && malicious !== null) throw new Wrong('--malicious takes --attack');
  if (attack !== null && looksAtOthers(attack) && !inProcess)
    throw new Wrong(`--attack ${attack.name} looks at what the others made: it takes --in-process`);
  const attackAfter = whole(values, 'attack-after', 0, 100_000);
  if (attackAfter !== null && (attack === null || attack.name === 'label-flip'))
    throw new Wrong('--attack-after takes --attack with another attack than label-flip, which is in the examples');
  return { attack, malicious: attack === null ? 0 : (malicious ?? 0.2), attackAfter: attackAfter ?? 0 };
}

function ratesOf(values: Values): number[] {
  const rates = (values.lr ?? '').split(',').map((rate) => (rate.trim() === '' ? Number.NaN : Number(rate)));
  if (rates.length < 2 || !rates.every((rate) => rate >= 1e-6 && rate <= 100))
    throw new Wrong('sweep takes --lr with two rates or more: 0.05,0.1,0.2');
  return rates;
}

/** `client.mu=0.1` and the like: JSON where it is, else text. */
function setOf(entries: readonly string[]): object {
  const all: Record<string, unknown> = {};
  for (const entry of entries) {
    const [path = '', text] = splitOnce(entry);
    const names = path.split('.');
    if (text === undefined || !names.every((name) => /^[a-zA-Z][a-zA-Z0-9]*$/.test(name)))
      throw new Wrong(`--set takes PATH=VALUE, not ${entry}`);
    const last = names.pop() as string;
    let at = all;
    for (const name of names) {
      const inner = Object.hasOwn(at, name) ? at[name] : {};
      if (typeof inner !== 'object' || inner === null) throw new Wrong(`--set ${path}: ${name} has a value already`);
      at[name] = inner;
      at = inner as Record<string, unknown>;
    }
    at[last] = parsedValue(text);
  }
  return all;
}

function splitOnce(text: string): readonly [string, string?] {
  const at = text.indexOf('=');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parsedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function oneOf<Name extends string>(value: string, names: readonly Name[], flag: string): Name {
  const name = names.find((candidate) => candidate === value);
  if (name === undefined)
    throw new Wrong(`--${flag} ${value} is not supported by this version: it takes ${names.join(', ')}`);
  return name;
}

function whole(values: Values, flag: keyof Values, minimum: number, maximum: number): number | null {
  const value = real(values, flag, minimum, maximum);
  if (value !== null && !Number.isInteger(value))
    throw new Wrong(`--${flag} takes a whole number from ${minimum} to ${maximum}`);
  return value;
}

function real(values: Values, flag: keyof Values, minimum: number, maximum: number): number | null {
  const text = values[flag];
  if (text === undefined) return null;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= minimum && value <= maximum))
    throw new Wrong(`--${flag} takes a number from ${minimum} to ${maximum}`);
  return value;
}
