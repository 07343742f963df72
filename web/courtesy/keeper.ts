import type { TaskId } from '../../shared/ids.ts';
import { COURTESY, type Courtesy } from '../../shared/task/spec.ts';
import {
  COURTESY_CAUSES,
  type CourtesyCause,
  type CourtesyChoices,
  causesOf,
  isCap,
  shareOf,
  type UsedToday,
} from '../client/courtesy.ts';
import { dayOf } from '../client/courtesy-notes.ts';
import type { ClientView, ParticipationState } from '../client/view.ts';
import { type DeviceWatch, watchDevice } from './device.ts';
import { readNotes, removeNotes, writeNotes } from './notes.ts';

/** As much of the engine as courtesy needs. */
export interface Courteous {
  view(): ClientView;
  subscribe(listener: (view: ClientView) => void): () => void;
  pause(cause: CourtesyCause): void;
  resume(cause: CourtesyCause): void;
  sleep(): void;
  wake(): void;
}

export interface CourtesyOptions {
  readonly task: TaskId;
  /** What the task asks for; the usual as long as that is not known. */
  readonly policy: () => Courtesy | undefined;
  /** Told when the share of the time that may be spent training changes, and at the start. */
  readonly onShare: (share: number) => void;
  /** Told when choices or what was used today change. */
  readonly onChange?: () => void;
  /** Where a site chooses for its visitors: in place of what is stored here, and not stored. */
  readonly choices?: CourtesyChoices | undefined;
  readonly time?: () => { readonly nowMs: number; readonly elapsedMs: number };
  readonly watch?: (onChange: () => void) => DeviceWatch;
  /** Where the page's life-cycle is told: `freeze` and `resume`. */
  readonly life?: EventTarget;
}

/** Keeps to one task's courtesy on this device. */
export interface CourtesyKeeper {
  readonly choices: CourtesyChoices;
  readonly used: UsedToday;
  choose(change: { readonly [Key in keyof CourtesyChoices]: CourtesyChoices[Key] | undefined }): void;
  /** From now on the client is paused, resumed, and slowed down as device and choices ask. Returns the end of it. */
  keep(client: Courteous): () => void;
  /** Choices and figures go from this device. */
  forget(): void;
}

/** Parts in a round that a cap lets come to their end. */
const AT_WORK: ReadonlySet<ParticipationState> = new Set(['downloading', 'preparing', 'training', 'uploading']);
/** The day may end while nothing else happens; figures are stored this often at most. */
const LOOK_EVERY_MS = 30_000;
const STORE_EVERY_MS = 2_000;

const systemTime = () => ({ nowMs: Date.now(), elapsedMs: performance.now() });

export function courtesyKeeper(options: CourtesyOptions): CourtesyKeeper {
  const { task, onShare, onChange = () => {}, time = systemTime } = options;
  let notes = readNotes(task, dayOf(time().nowMs));
  let storedAtMs = Number.NEGATIVE_INFINITY;
  let look = (): void => {};
  const policyNow = (): Courtesy => options.policy() ?? COURTESY;
  const choicesNow = (): CourtesyChoices => options.choices ?? notes.choices;

  function store(isDue: boolean): void {
    const { elapsedMs } = time();
    if (!isDue && elapsedMs - storedAtMs < STORE_EVERY_MS) return;
    storedAtMs = elapsedMs;
    writeNotes(task, notes);
  }
  function turnDay(): void {
    const day = dayOf(time().nowMs);
    if (day !== notes.day) notes = { ...notes, day, used: { trainingMs: 0, bytes: 0 } };
  }

  function keep(client: Courteous): () => void {
    const ended = new AbortController();
    const held = new Set<CourtesyCause>();
    let share = 0;
    let before = { view: client.view(), atMs: time().elapsedMs };

    const watch = (options.watch ?? watchDevice)(() => look());
    look = () => {
      if (ended.signal.aborted) return;
      turnDay();
      const facts = watch.now();
      const causes = causesOf(policyNow(), choicesNow(), facts, notes.used);
      for (const cause of COURTESY_CAUSES) {
        const mustWait = isCap(cause) && AT_WORK.has(client.view().state);
        if (causes.has(cause) && !held.has(cause) && !mustWait) {
          held.add(cause);
          client.pause(cause);
        } else if (!causes.has(cause) && held.delete(cause)) client.resume(cause);
      }
      const next = shareOf(policyNow(), choicesNow(), facts);
      if (next !== share) onShare(next);
      share = next;
    };
    const count = (view: ClientView): void => {
      const { elapsedMs: atMs } = time();
      turnDay();
      const bytes = view.sentBytes + view.receivedBytes - before.view.sentBytes - before.view.receivedBytes;
      const trainingMs = before.view.state === 'training' ? atMs - before.atMs : 0;
      const hasEnded = before.view.state !== view.state;
      before = { view, atMs };
      if (bytes > 0 || trainingMs > 0) {
        const { used } = notes;
        notes = { ...notes, used: { trainingMs: used.trainingMs + trainingMs, bytes: used.bytes + bytes } };
        store(hasEnded);
        onChange();
      }
      look();
    };
    const unsubscribe = client.subscribe(count);
    const timer = setInterval(() => look(), LOOK_EVERY_MS);
    const life = options.life ?? document;
    const { signal } = ended;
    life.addEventListener(
      'freeze',
      () => {
        count(client.view());
        store(true);
        client.sleep();
      },
      { signal },
    );
    life.addEventListener(
      'resume',
      () => {
        // A frozen page trains nothing.
        before = { view: client.view(), atMs: time().elapsedMs };
        client.wake();
      },
      { signal },
    );
    look();

    return () => {
      count(client.view());
      store(true);
      ended.abort();
      clearInterval(timer);
      unsubscribe();
      watch.stop();
      look = () => {};
    };
  }

  return {
    get choices() {
      return choicesNow();
    },
    get used() {
      turnDay();
      return notes.used;
    },
    choose(change) {
      const entries = Object.entries({ ...notes.choices, ...change }).filter(([, value]) => value !== undefined);
      notes = { ...notes, choices: Object.fromEntries(entries) };
      store(true);
      look();
      onChange();
    },
    keep,
    forget() {
      removeNotes(task);
      notes = { ...notes, choices: {}, used: { trainingMs: 0, bytes: 0 } };
      onChange();
    },
  };
}
