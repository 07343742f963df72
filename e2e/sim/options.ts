import { parseArgs } from 'node:util';
import { CODEC_NAMES, type CodecName } from '../../shared/codec/index.ts';
import { needsFraction, needsRange } from '../../shared/codec/names.ts';
import { isTemplateName } from '../../shared/task/parse.ts';
import { TEMPLATES, type TemplateName } from '../../shared/task/templates/index.ts';
import { BACKENDS, type RequestedBackend } from '../../web/client/ports.ts';
import { type Partition, readPartition } from './partition.ts';

export interface SimulateOptions {
  readonly task: TemplateName;
  readonly clients: number;
  readonly cohort: number;
  readonly rounds: number;
  readonly examples: number;
  readonly partition: Partition;
  readonly strategy: 'fedavg' | 'fedsgd' | null;
  readonly codec: CodecName | null;
  /** What the codec needs besides its name. */
  readonly range: number | null;
  readonly fraction: number | null;
  readonly learningRate: number | null;
  readonly epochs: number | null;
  readonly batchSize: number | null;
  /** Probability that a selected contributor leaves the round in mid-training. */
  readonly dropout: number;
  readonly seed: number;
  readonly backend: RequestedBackend;
  /** A folder with a model of one's own, in the place of the task's. */
  readonly model: string | null;
  readonly json: string | null;
}

const STRATEGIES = ['fedavg', 'fedsgd'] as const;

export const HELP = `npm run simulate -- [options]
Headless contributors with the tabs' own engine and training, over real sockets to a real server.

  --task T          ${Object.keys(TEMPLATES).join(' | ')} (digits)
  --clients N       contributors (10)
  --cohort N        contributors in each round (all of them)
  --rounds N        rounds to commit (10)
  --examples N      examples of each contributor (600)
  --partition P     iid | people | shards:N | dirichlet:ALPHA (iid; ratings: people)
  --strategy S      ${STRATEGIES.join(' | ')} (the task's)
  --codec C         ${CODEC_NAMES.join(' | ')} (the task's)
  --range R         of uniform codecs: values are cut off at ±R (0.05)
  --fraction F      of top-k and random-k: the share of the values that is sent (0.01)
  --lr R            the contributors' learning rate (the task's)
  --epochs N        local epochs (the task's)
  --batch N         local batch size (the task's)
  --dropout P       probability that a selected contributor leaves in mid-training (0)
  --seed N          seeds the model, the partition and the dropouts (1); the server draws cohorts by itself
  --backend B       ${BACKENDS.join(' | ')} (auto: WebAssembly, else the plain CPU)
  --model DIR       a model of your own: model.json and its .bin files (the task's)
  --json FILE       write the figures as JSON
`;

const flags = {
  task: { type: 'string', default: 'digits' },
  clients: { type: 'string', default: '10' },
  cohort: { type: 'string' },
  rounds: { type: 'string', default: '10' },
  examples: { type: 'string', default: '600' },
  partition: { type: 'string' },
  strategy: { type: 'string' },
  codec: { type: 'string' },
  range: { type: 'string' },
  fraction: { type: 'string' },
  lr: { type: 'string' },
  epochs: { type: 'string' },
  batch: { type: 'string' },
  dropout: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  backend: { type: 'string', default: 'auto' },
  model: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

class Wrong extends Error {}

/** The options, or what is wrong with them in one sentence. */
export function readOptions(args: readonly string[]): SimulateOptions | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({ args: [...args], options: flags });
    return values.help ? 'help' : optionsOf(values);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

type Values = { readonly [Name in Exclude<keyof typeof flags, 'help'>]?: string | undefined };

function optionsOf(values: Values): SimulateOptions {
  const { task = '' } = values;
  if (!isTemplateName(task)) throw new Wrong(`--task takes one of ${Object.keys(TEMPLATES).join(', ')}`);
  const isOfPeople = TEMPLATES[task].data.kind === 'ratings';
  const partition = readPartition(values.partition ?? (isOfPeople ? 'people' : 'iid'));
  if (partition === null) throw new Wrong('--partition takes iid, people, shards:N or dirichlet:ALPHA');
  // Dealt out singly, a person's ratings are nobody's taste.
  if (isOfPeople && partition.kind !== 'people') throw new Wrong(`--task ${task} takes --partition people alone`);
  const clients = whole(values, 'clients', 1, 10_000) ?? 0;
  const cohort = whole(values, 'cohort', 1, 10_000) ?? clients;
  if (cohort > clients) throw new Wrong('--cohort cannot be more than --clients');
  const examples = whole(values, 'examples', 1, 60_000) ?? 0;
  if (partition.kind === 'shards' && partition.perClient > examples)
    throw new Wrong('--partition has more shards than --examples');
  return {
    task,
    clients,
    cohort,
    rounds: whole(values, 'rounds', 1, 100_000) ?? 0,
    examples,
    partition,
    strategy: values.strategy === undefined ? null : oneOf(values.strategy, STRATEGIES, 'strategy'),
    ...codecOf(values),
    learningRate: real(values, 'lr', 1e-6, 100),
    epochs: whole(values, 'epochs', 1, 1_000),
    batchSize: whole(values, 'batch', 1, 4_096),
    dropout: real(values, 'dropout', 0, 1) ?? 0,
    seed: whole(values, 'seed', 0, 0xffffffff) ?? 0,
    backend: oneOf(values.backend ?? '', BACKENDS, 'backend'),
    model: values.model ?? null,
    json: values.json ?? null,
  };
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
