import type { AbandonReason, RefusalReason } from '../../../shared/errors.ts';
import { COUNTS_COUNT } from '../../../shared/evaluation/size.ts';
import type { CohortMember, TaskState } from '../../../shared/protocol/index.ts';

/** Values of a sentence, formatted already; null where the fact is not known. */
export interface Facts {
  readonly version: string | null;
  readonly bytes: string | null;
  readonly count: string | null;
  readonly time: string | null;
  readonly reason: string | null;
}
export type Sentence = (facts: Facts) => string;
export type MemberState = CohortMember['state'];
/** Why a tab could not train, in the trainer's words. */
export type TrainerReason =
  | 'aborted'
  | 'no-examples'
  | 'dataset-damaged'
  | 'not-finite'
  | 'exploded'
  | 'backend-lost'
  | 'failed';
/** What this browser cannot do. */
export type DeviceReason = 'storage' | 'backend' | 'unavailable' | 'quota' | 'blocked' | 'newer';
export type Reason = RefusalReason | AbandonReason | TrainerReason | DeviceReason;

/** Refusals that no waiting mends: the server is right, and the person can do something about it. */
export const isRefused = (reason: string | null): boolean =>
  reason !== null && ['upgrade-required', 'unauthorized', 'origin', 'unknown-task'].includes(reason);

const examples = (count: string): string => (count === '1' ? '1 example' : `${count} examples`);

/** What every surface says: the contributor's page, the dashboard, the embed. Plain, short, true; no exclamation marks. */
export const en = {
  states: {
    idle: () => 'Nothing is running. Your examples stay on this device.',
    'needs-data': () => 'There is nothing to train on yet. Add an example, and training starts with the next round.',
    connecting: () => 'Connecting to the server.',
    waiting: () => 'Waiting for the next round. You can leave this tab open.',
    'not-selected': ({ time }) =>
      time === null
        ? 'This round is full. You are asked again for the next one.'
        : `This round is full. The next one starts in about ${time}.`,
    downloading: ({ version, bytes }) =>
      `Getting model ${version === null ? '' : `version ${version}`}${bytes === null ? '' : ` (${bytes})`}.`,
    preparing: () => 'Preparing the model on this device.',
    training: ({ count }) =>
      count === null
        ? 'Training on your examples, here on this device.'
        : `Training on your ${examples(count)}, here on this device.`,
    uploading: ({ bytes }) =>
      `Sending the changes of the model${bytes === null ? '' : ` (${bytes})`}, not your examples.`,
    accepted: ({ version }) =>
      version === null
        ? 'Your changes have arrived. They count when the round ends.'
        : `Your changes count in version ${version}. Thank you.`,
    late: () => 'This round ended before your changes arrived. Nothing of them was used.',
    surplus: () => 'This round already had enough contributors. Your changes were not needed.',
    rejected: () => 'The server did not take your changes. Nothing of them was used.',
    abandoned: ({ reason }) =>
      reason === 'stopped'
        ? 'The organiser stopped this round. Nothing of it was used.'
        : reason === 'failed'
          ? 'The server could not finish this round. Nothing of it was used.'
          : 'This round ended without enough contributors. Nothing of it was used.',
    paused: ({ reason }) =>
      reason === 'day-time'
        ? 'Paused: the minutes that you give this task a day are used up. Training goes on tomorrow.'
        : reason === 'hidden'
          ? 'Paused: this tab is in the background. Training goes on when you come back to it.'
          : 'Paused. Nothing is trained or sent until you resume.',
    'paused-battery': ({ reason }) =>
      reason === 'on-battery'
        ? 'Paused: this device runs on its battery. Training goes on when it is charging.'
        : 'Paused: the battery is low. Training goes on when it is charging.',
    'paused-data': ({ reason }) =>
      reason === 'day-data'
        ? 'Paused: the data that you give this task a day is used up. Training goes on tomorrow.'
        : reason === 'metered'
          ? 'Paused: this connection may cost money. Training goes on when there is another.'
          : 'Paused: this connection saves data. Training goes on when that is switched off.',
    'other-tab': () => 'Another tab of this browser takes part already. This one takes over when that one closes.',
    'server-away': ({ time }) =>
      time === null
        ? 'The server cannot be reached. Trying again.'
        : `The server cannot be reached. Trying again in ${time}.`,
    unsupported: () => 'This browser cannot train this model. Your examples stay on this device.',
    error: ({ reason }) =>
      isRefused(reason)
        ? 'This page cannot take part. Your examples are still on this device.'
        : 'Training stopped because of a fault. Your examples are still on this device.',
    left: () => 'You have left. Nothing runs any more.',
  } satisfies Record<string, Sentence>,

  /** The same states in an evaluation round, where they differ. */
  evaluation: {
    training: () => 'Scoring the model on the fifth of your examples that is never trained on, here on this device.',
    uploading: () => `Sending ${COUNTS_COUNT} counts, such as how many answers were right: never which ones.`,
    accepted: ({ version }) =>
      version === null
        ? 'Your counts have arrived. They are added to those of others when the round ends.'
        : `Your counts are in the figures of version ${version}. Thank you.`,
    late: () => 'This round ended before your counts arrived. They were not used.',
    surplus: () => 'This round already had enough contributors. Your counts were not needed.',
    rejected: () => 'The server did not take your counts. They were not used.',
  } satisfies Record<string, Sentence>,

  reasons: {
    'upgrade-required': 'This page is older than the server. Reload it to go on.',
    'bad-message': 'The server did not understand a message of this page. Reload it to go on.',
    unauthorized: 'This task is closed, and the invitation is missing or wrong. Ask the organiser for a link.',
    origin: 'This site may not take part in this task.',
    'unknown-task': 'This task does not exist any more.',
    rate: 'Too many messages came from here. Going on in a moment.',
    busy: 'The server has no room just now. Trying again.',
    draining: 'The server is restarting. Trying again.',
    replaced: 'A newer connection of this browser took over.',
    'other-tab': 'Another tab of this browser takes part already.',
    'not-assigned': 'The server no longer waits for this result.',
    'wrong-round': 'The round of this result is over.',
    late: 'The round ended before the result was complete.',
    surplus: 'The round had enough results already.',
    stale: 'The model went on too far while this result was made.',
    size: 'The result had the wrong length.',
    count: 'The result held a wrong number of values or examples.',
    schema: 'The result was not in a form that the server knows.',
    layout: 'The result belongs to another model. Reload the page to go on.',
    hash: 'The result was damaged on its way.',
    chunk: 'A part of the result was damaged on its way and is sent again.',
    'not-finite':
      'Training produced values that are not numbers. A smaller learning rate may help; tell the organiser.',
    exploded:
      'The error grew a hundredfold in training, so nothing was sent. A smaller learning rate may help; tell the organiser.',
    zero: 'Training changed nothing: the graphics driver may have stopped. Reload the page to try again.',
    norm: 'The changes were larger than this task allows.',
    conflict: 'The server already has another result for this round.',
    'storage-full': 'The server could not store the result: its disk is full.',
    internal: 'The server made a mistake. It is in its log.',
    ineligible:
      'This task asks for more examples than there are on this device, or for a faster device. It looks again twice a minute.',
    'too-few': 'Too few contributors took part in time.',
    'everyone-left': 'The other contributors left before they were done.',
    stopped: 'The organiser stopped the round.',
    guard:
      'The new version did worse than the ones before it, so it was not published. Nothing is wrong with your device.',
    failed: 'The work could not be finished.',
    aborted: 'Training was stopped.',
    'no-examples': 'There are no examples on this device.',
    'dataset-damaged': 'The examples stored on this device are damaged. Repair keeps the ones that can still be read.',
    'backend-lost': 'The graphics driver stopped. Training goes on once it is back.',
    storage: 'This browser did not keep the key that taking part needs. Allow storage for this site, or free space.',
    backend: 'Neither its graphics nor its processor gave the right numbers for this model in a test step.',
    unavailable: 'This browser does not let the page store anything. Allow storage for this site.',
    quota: 'This device has no room left. Free some space; what is stored is unharmed.',
    blocked: 'Another tab of this browser keeps the examples in use. Close it and try again.',
    newer: 'A newer version of this page keeps the examples now. They are unharmed. Reload this page to go on.',
  } satisfies Record<Reason, string>,

  outcomes: {
    counted: 'counted',
    accepted: 'arrived',
    rejected: 'not taken',
    late: 'too late',
    surplus: 'not needed',
    abandoned: 'round ended early',
    'not-selected': 'not selected',
    dropped: 'left the round',
    declined: 'none of your examples is set aside',
  },

  taskStates: {
    idle: 'no rounds running',
    running: 'learning now',
    paused: 'paused',
    stopping: 'stopping',
  } satisfies Record<TaskState, string>,

  members: {
    waiting: 'waiting',
    downloading: 'getting the model',
    training: 'training',
    uploading: 'sending changes',
    done: 'done',
    dropped: 'gone',
  } satisfies Record<MemberState, string>,

  ring: {
    you: 'you',
    version: (version: string) => `version ${version}`,
    versionAlone: 'version',
    round: (round: string) => `Round ${round}`,
    noRound: 'No round is running',
    contributors: (count: string) => (count === '1' ? '1 contributor' : `${count} contributors`),
    gathering: (available: string, goal: string) => `${available} of ${goal} contributors are there`,
    state: 'State',
    contributorsHead: 'Contributors',
    yours: (state: string) => `You: ${state}`,
    accuracy: (share: string) => `accuracy ${share}`,
    error: (error: string) => `mean error ${error}`,
  },

  close: 'Close',
  dismiss: 'Dismiss',
  language: 'Language',
  theme: { name: 'Colours', auto: 'as the system', light: 'light', dark: 'dark' },
  skip: 'Skip to the content',
  table: 'as a table',
  noValue: 'no value',
  units: { examples },
};

export type Words = {
  readonly [Part in keyof typeof en]: Part extends 'states' ? Readonly<Record<StateName, Sentence>> : (typeof en)[Part];
};
/** The participation states; a view of the engine that has another one does not compile. */
export type StateName = keyof typeof en.states;
export type OutcomeName = keyof typeof en.outcomes;
