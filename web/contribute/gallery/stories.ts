import { signal } from '@preact/signals';
import { isSha256, isTaskId } from '../../../shared/ids.ts';
import type { CohortMember, TaskStatus } from '../../../shared/protocol/index.ts';
import type { PublicTask } from '../../../shared/protocol/public-task.ts';
import { digits } from '../../../shared/task/templates/digits.ts';
import type { BackendFinding } from '../../client/ports.ts';
import type { ClientView, RoundNote } from '../../client/view.ts';
import type { Contribution, ExamplesView, ModelThen, PersonalView, TrialView } from '../contribution.ts';
import { idleView } from '../idle-view.ts';
import { drawnExamples } from './digits.ts';

/** Literal views for every state of the page: what a picture of it is taken from. */

const sha = (digit: string) => {
  const hex = digit.repeat(64);
  if (!isSha256(hex)) throw new Error('not a hash');
  return hex;
};
const id = 'digits';
if (!isTaskId(id)) throw new Error('not an id');

export const task: PublicTask = {
  id,
  title: 'Handwritten digits',
  state: 'running',
  version: 37,
  sha256: sha('a'),
  parameters: 199_210,
  bytes: 796_840,
  reportBytes: 796_840,
  round: 38,
  roundsLeft: 12,
  online: 14,
  metrics: { accuracy: 0.962, loss: 0.131 },
  closed: false,
  participation: {
    topology: { input: [28, 28, 1], layers: [{ class_name: 'Flatten', config: { name: 'flatten' } }] },
    layoutSha256: sha('b'),
    parameters: 199_210,
    data: { ...digits.data, shape: [28, 28, 1] },
    client: digits.client,
    codec: digits.codec,
    courtesy: digits.courtesy,
    minimum: 2,
    goal: 14,
    maxDeltaNorm: 100,
    closed: false,
  },
};

const STATES = ['done', 'training', 'training', 'uploading', 'downloading', 'waiting', 'training'] as const;
const REST = ['done', 'dropped', 'training', 'uploading', 'training', 'waiting', 'done'] as const;
const SHARES = [1, 0.3, 0.6, 0.55, 0.5, 0, 0.4, 1, 0, 0.7, 0.5, 0.6, 0, 1];
const members: CohortMember[] = [...STATES, ...REST].map((state, slot) => ({ slot, state, share: SHARES[slot] ?? 0 }));
const countsOf = (list: readonly CohortMember[]) => {
  const counts = { waiting: 0, downloading: 0, training: 0, uploading: 0, done: 0, dropped: 0 };
  for (const { state } of list) counts[state] += 1;
  return counts;
};
export const status: TaskStatus = {
  state: 'running',
  version: 37,
  sha256: sha('a'),
  metrics: { accuracy: 0.962, loss: 0.131 },
  online: 14,
  roundsLeft: 12,
  round: {
    number: 38,
    phase: 'reporting',
    available: 14,
    goal: 14,
    selected: 14,
    accepted: 3,
    endsInMs: 41_000,
    members,
    counts: countsOf(members),
  },
};
export const crowd: TaskStatus = {
  ...status,
  online: 1_204,
  round: {
    ...(status.round ?? never()),
    selected: 1_000,
    goal: 1_000,
    members: null,
    counts: { waiting: 12, downloading: 140, training: 520, uploading: 90, done: 210, dropped: 28 },
  },
};
export const gathering: TaskStatus = {
  ...status,
  round: { ...(status.round ?? never()), phase: 'selecting', available: 5, goal: 14, members: [] },
};
function never(): never {
  throw new Error('the story has a round');
}

const note = (round: number, over: Partial<RoundNote>): RoundNote => ({
  round,
  purpose: 'train',
  outcome: 'counted',
  reason: null,
  sentBytes: 797_200,
  cohort: 14,
  version: round,
  receipt: null,
  ...over,
});
const notes: readonly RoundNote[] = [
  note(33, { outcome: 'rejected', reason: 'norm', version: null }),
  note(34, { outcome: 'abandoned', reason: 'too-few', version: null, cohort: 2 }),
  note(35, { outcome: 'not-selected', sentBytes: 0, cohort: null, version: null }),
  note(36, { cohort: 12 }),
  note(37, {}),
];

const scored = note(38, { purpose: 'evaluate', version: 37, sentBytes: 700 });
const heldOut: PublicTask = {
  ...task,
  ...(task.participation === undefined
    ? {}
    : { participation: { ...task.participation, client: { ...digits.client, heldOut: true } } }),
};

const idle = idleView(task, 120);
const findings: readonly BackendFinding[] = [
  { backend: 'webgpu', isRight: false, fault: 'absent', reason: 'WebGPU is not available here' },
  { backend: 'webgl', isRight: true, stepMs: 3.1, isFloor: false },
  { backend: 'wasm', isRight: true, stepMs: 5.2, isFloor: false },
  { backend: 'cpu', isRight: true, stepMs: 860, isFloor: true },
];
const LOSSES = [1.42, 1.1, 0.94, 0.81, 0.77, 0.69, 0.64, 0.55, 0.58, 0.5, 0.47, 0.41];
const joined: ClientView = {
  ...idle,
  status,
  round: 38,
  version: 37,
  slot: 2,
  examples: 120,
  backend: { requested: 'auto', used: 'webgl', reason: null, findings },
  sentBytes: 1_594_400,
  receivedBytes: 5_577_880,
  lastReport: { accuracyBefore: 0.88, accuracyAfter: 0.945, lossBefore: 0.62, lossAfter: 0.41, trainingMs: 1_100 },
  losses: LOSSES,
  notes,
  counted: 2,
  connected: true,
};

export interface Story {
  readonly view: ClientView;
  readonly examples: ExamplesView;
  readonly trial: TrialView;
  readonly before: ModelThen | null;
  readonly task: PublicTask;
  readonly personal?: PersonalView;
}

const stored: ExamplesView = {
  kind: 'open',
  count: 120,
  bytes: 94_800,
  perLabel: [14, 9, 12, 13, 11, 12, 10, 15, 12, 12],
  shown: drawnExamples(36),
  isInMemory: false,
};
const before: ModelThen = { version: 12, sha256: sha('c'), score: { accuracy: 0.88 } };
const standard: Story = { view: idle, examples: stored, trial: { kind: 'closed' }, before: null, task };
const running: Story = { ...standard, view: joined, before };
const at = (state: ClientView['state'], over: Partial<ClientView> = {}): Story => ({
  ...running,
  view: { ...joined, state, ...over },
});
const opened: TrialView = {
  kind: 'open',
  version: 37,
  backend: { requested: 'auto', used: 'webgl', reason: null },
  scores: [0.01, 0, 0.02, 0.01, 0, 0.01, 0, 0.94, 0, 0.01],
  isPersonal: false,
  scoresBefore: [0.01, 0.3, 0.02, 0.01, 0, 0.01, 0, 0.62, 0, 0.03],
};

const unfitted: PersonalView = { fit: null, isUsed: false, isKept: true, running: null, problem: null };
const fitted: PersonalView = {
  ...unfitted,
  isUsed: true,
  fit: {
    base: { version: 36, sha256: sha('e') },
    fitted: 95,
    heldOut: 25,
    figures: { before: { loss: 0.41, accuracy: 0.88 }, after: { loss: 0.2, accuracy: 0.96 } },
  },
};

export const STORIES = {
  first: {
    ...standard,
    view: idleView(task, 0),
    examples: { kind: 'closed', remembered: null },
    task: { ...task, version: 0, metrics: { accuracy: 0.1, loss: 2.3 }, online: 0, state: 'idle' },
  },
  again: { ...standard, examples: { kind: 'closed', remembered: { count: 120, bytes: 94_800 } }, before },
  idle: standard,
  'needs-data': { ...at('needs-data', { slot: null, examples: 0 }), examples: { ...stored, count: 0, shown: [] } },
  connecting: at('connecting', { slot: null, connected: false }),
  waiting: at('waiting', { slot: null, status: gathering, losses: [] }),
  'not-selected': at('not-selected', { slot: null, retryInMs: 12_000 }),
  downloading: at('downloading'),
  preparing: at('preparing'),
  training: { ...at('training', { progress: { step: 18, steps: 30, loss: 0.41 } }), trial: opened },
  uploading: at('uploading', { uploadShare: 0.45 }),
  scoring: { ...at('training', { purpose: 'evaluate', notes: [...notes, scored] }), task: heldOut },
  accepted: at('accepted', { notes: [...notes, note(38, { version: 38 })] }),
  late: at('late', { reason: 'late' }),
  surplus: at('surplus', { reason: 'surplus' }),
  rejected: at('rejected', { reason: 'norm' }),
  abandoned: at('abandoned', { reason: 'too-few' }),
  paused: at('paused', { slot: null }),
  'paused-battery': at('paused-battery', { slot: null }),
  'paused-data': at('paused-data', { slot: null }),
  'other-tab': at('other-tab', { slot: null, status: null }),
  'server-away': at('server-away', { slot: null, retryInMs: 4_000, connected: false }),
  unsupported: at('unsupported', { slot: null, reason: 'failed', detail: null }),
  outdated: at('error', { slot: null, reason: 'upgrade-required' }),
  damaged: { ...at('error', { slot: null, reason: 'dataset-damaged' }), examples: { kind: 'damaged' } },
  left: at('left', { slot: null }),
  fitting: {
    ...at('paused', { slot: null }),
    trial: opened,
    personal: { ...unfitted, running: { step: 12, steps: 20 } },
  },
  fitted: { ...standard, trial: { ...opened, isPersonal: true }, personal: fitted },
  'fitted-few': {
    ...standard,
    trial: { ...opened, isPersonal: true },
    personal: {
      ...fitted,
      isKept: false,
      fit: { base: { version: 37, sha256: sha('a') }, fitted: 9, heldOut: 2, figures: null },
    },
  },
  'fit-damaged': { ...standard, trial: opened, personal: { ...unfitted, problem: 'damaged' } },
  crowd: at('training', {
    status: crowd,
    slot: 704,
    progress: { step: 240, steps: 600, loss: 0.41 },
    backend: { requested: 'webgl', used: 'wasm', reason: 'WebGL gave wrong numbers in a test step here.', losses: 2 },
  }),
  alone: {
    ...standard,
    task: {
      ...task,
      closed: true,
      ...(task.participation && { participation: { ...task.participation, minimum: 1 } }),
    },
  },
} as const satisfies Record<string, Story>;
export type StoryName = keyof typeof STORIES;

/** A contribution of which nothing moves. */
export function still({ view, examples, trial, before: then, task: its, personal = unfitted }: Story): Contribution {
  const { version, sha256, metrics, online, state } = view.status ?? its;
  const nothing = async (): Promise<void> => {};
  const seen = Array.from({ length: version + 1 }, (_, past) => ({
    version: past,
    sha256: sha('d'),
    score: past === 20 ? null : { accuracy: 0.1 + 0.865 * (1 - Math.exp(-past / 6)) },
  }));
  return {
    task: its,
    requested: signal('auto'),
    view: signal(view),
    model: signal({ version, sha256, score: metrics, online, state }),
    examples: signal(examples),
    trial: signal(trial),
    personal: signal(personal),
    before: signal(then),
    seen: signal(view.state === 'idle' ? [] : seen),
    presses: signal(new Set()),
    courtesy: signal({ choices: { minutesADay: 30 }, used: { trainingMs: 252_000, bytes: 7_172_280 } }),
    showExamples: nothing,
    addDrawing: async () => true,
    readImages: async (files) =>
      files.map(({ name }) => ({ name, image: new Uint8Array(784), isTooLarge: false, guess: null })),
    addImages: nothing,
    addExamples: async () => true,
    addSamples: nothing,
    removeExample: nothing,
    showMore: nothing,
    repair: nothing,
    choose: () => {},
    chooseWhen: () => {},
    join: nothing,
    pause: () => {},
    resume: () => {},
    leave: nothing,
    erase: nothing,
    openTrial: nothing,
    fit: nothing,
    stopFit: () => {},
    usePersonal: () => {},
    forgetFit: nothing,
    predict: nothing,
  };
}
