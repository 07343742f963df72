import { isTaskId, type TaskId } from '../../shared/ids.ts';
import type { ClientView, RoundNote } from '../client/view.ts';
import type { ExamplesAnswer } from './browser-client.ts';
import { EmbeddedTask, type PageExamples, type Shown, type TaskSettings } from './embedded-task.ts';
import type { Example } from './example.ts';
import { FedtabError } from './fedtab-error.ts';
import { openDoor } from './trusted-types.ts';

/** What a site may listen to. */
export interface EmbedEvents {
  /** What stands on the element's attributes changed. */
  readonly state: { readonly task: TaskId } & Shown;
  /** Anything changed of a task that runs. */
  readonly view: ClientView;
  /** What became of this browser's part in a round. */
  readonly round: { readonly task: TaskId } & RoundNote;
  /** Examples that had waited for the consent were stored, or were not. */
  readonly examples: { readonly task: TaskId; readonly answer: ExamplesAnswer };
}
export type Emit = <Name extends keyof EmbedEvents>(event: Name, value: EmbedEvents[Name]) => void;

/** `window.Fedtab`. Without a task's name a verb is for every task of the page. */
export interface Fedtab {
  /** Settings of one task, or of all where none is named; the attributes of an element come first. */
  configure(settings: TaskSettings & { readonly task?: string }): void;
  /** Kept in this page's memory until the visitor has agreed, then in this origin's IndexedDB. */
  addExamples(task: string, examples: readonly Example[]): Promise<ExamplesAnswer | PageExamples>;
  /** Joins, or goes on after `pause`. Rejects with the reason `consent-required` where nobody has agreed. */
  start(task?: string): Promise<void>;
  pause(task?: string): void;
  /** Leaves; the next start needs a new consent. Resolves when nothing runs any more. */
  stop(task?: string): Promise<void>;
  /** Leaves; deletes examples and secret here, and at the server what no version has used and the client's name in its rows. */
  forget(task?: string): Promise<{ readonly serverForgot: boolean; readonly examplesDeleted: boolean }>;
  /** Calls back on each event; returns what ends it. */
  on<Name extends keyof EmbedEvents>(event: Name, listener: (value: EmbedEvents[Name]) => void): () => void;
}

/** The tasks of one page. */
export interface Page {
  readonly api: Fedtab;
  /** The task of this name, made at its first mention; null where the name is none. */
  task(name: string | undefined, server?: string): EmbeddedTask | null;
}

export function createPage(ownServer: string): Page {
  const tasks = new Map<string, EmbeddedTask>();
  const listeners = new Map<keyof EmbedEvents, Set<(value: never) => void>>();
  const door = openDoor();
  let common: TaskSettings = {};

  const emit: Emit = (event, value) => {
    for (const listener of [...(listeners.get(event) ?? [])]) {
      try {
        listener(value as never);
      } catch (error) {
        // A site's mistake is the site's to see, and stops nothing here.
        reportError(error);
      }
    }
  };
  /** An element that names no task means the first. */
  function task(name: string | undefined, server = ownServer): EmbeddedTask | null {
    const [first] = tasks.values();
    if (name === undefined) return first ?? null;
    if (!isTaskId(name)) return null;
    const known = tasks.get(name);
    if (known !== undefined) return known;
    const made = new EmbeddedTask(name, server, { emit, door, settings: common });
    tasks.set(name, made);
    return made;
  }
  function named(name: string): EmbeddedTask {
    const found = task(name);
    if (found === null) throw new TypeError(`not the name of a task: ${name}`);
    return found;
  }
  const chosen = (name?: string): readonly EmbeddedTask[] => (name === undefined ? [...tasks.values()] : [named(name)]);

  const api: Fedtab = {
    configure({ task: name, ...settings }) {
      if (name === undefined) common = { ...common, ...settings };
      for (const one of chosen(name)) one.configure(settings);
    },
    addExamples: async (name, examples) => named(name).addExamples(examples),
    async start(name) {
      const starting = chosen(name);
      if (starting.length === 0) throw new FedtabError('no-task', 'no task is named on this page');
      await Promise.all(starting.map((one) => one.start()));
    },
    pause(name) {
      for (const one of chosen(name)) one.pause('site');
    },
    async stop(name) {
      await Promise.all(chosen(name).map((one) => one.stop()));
    },
    async forget(name) {
      const done = await Promise.all(chosen(name).map((one) => one.forget()));
      return {
        serverForgot: done.every(({ serverForgot }) => serverForgot),
        examplesDeleted: done.every(({ examplesDeleted }) => examplesDeleted),
      };
    },
    on(event, listener) {
      const all = listeners.get(event) ?? new Set();
      const own = (value: never): void => listener(value);
      listeners.set(event, all.add(own));
      return () => void all.delete(own);
    },
  };
  return { api, task };
}
