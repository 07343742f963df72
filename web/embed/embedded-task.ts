import type { TaskId } from '../../shared/ids.ts';
import type { CourtesyChoices } from '../client/courtesy.ts';
import type { ParticipationState } from '../client/view.ts';
import type { Client, ExamplesAnswer } from './browser-client.ts';
import type { Example } from './example.ts';
import { FedtabError } from './fedtab-error.ts';
import { forgetHere } from './forget-here.ts';
import type { Emit } from './page-api.ts';
import type { Erasing, Panel } from './panel-port.ts';
import type { Door } from './trusted-types.ts';

/** What the site said of a task, by `configure`; the attributes of an element come first. */
export interface TaskSettings {
  readonly consent?: 'ask' | 'granted';
  readonly lang?: string;
  readonly theme?: string;
  readonly joinToken?: string;
  readonly backend?: 'auto' | 'webgl' | 'webgpu' | 'wasm' | 'cpu';
  /** Counts from the first start. */
  readonly courtesy?: CourtesyChoices;
}

/** What stands on the element's attributes. */
export interface Shown {
  readonly state: ParticipationState;
  readonly reason: string | null;
  readonly round: number | null;
  readonly version: number | null;
}

type Phase =
  /** Nothing runs, and nothing of what runs has been fetched. `reason`: why the last try came to nothing. */
  | { readonly kind: 'closed'; readonly state: ParticipationState; readonly reason: string | null }
  | { readonly kind: 'loading' }
  | { readonly kind: 'running'; readonly client: Client; readonly panel: Panel };

/** An element that shows the task, as the task sees it. */
export interface TaskElement {
  /** The site answers for the consent. */
  readonly isGranted: boolean;
  changed(): void;
}

/** Examples that wait in this page's memory for the consent, all of them together. */
export interface PageExamples {
  readonly ok: true;
  readonly kept: 'page';
  readonly count: number;
}

/** The build's own `import()`: see vite.config.ts. */
declare const importModule: (address: string) => Promise<unknown>;

const EXAMPLES_COUNT = 100_000;

/**
 * One task on this page, before and after consent. Until the visitor agrees, or the site says that it has the consent,
 * this is all there is: no engine, no storage, no request.
 */
export class EmbeddedTask {
  readonly name: string;
  readonly server: string;
  /** Trusted Types of this site let nothing run here. */
  readonly isBlocked: boolean;
  settings: TaskSettings;
  phase: Phase = { kind: 'closed', state: 'idle', reason: null };
  /** Set by "Delete my data" until the next start. */
  erasing: Erasing | null = null;
  #panel: Panel | null = null;
  readonly #elements = new Set<TaskElement>();
  readonly #emit: Emit;
  readonly #policy: Door['policy'];
  #shown: Shown = { state: 'idle', reason: null, round: null, version: null };
  #hasAgreed = false;
  /** Examples from before the consent. */
  #waiting: Example[] = [];
  #client: Client | null = null;
  /** A start that was overtaken by a stop ends by itself. */
  #turn = 0;
  #starting: Promise<void> | null = null;
  /** Resolves when the forgetting that is under way has ended. */
  #forgetting: Promise<void> | null = null;
  /** Also while the program still comes: the pause is carried out once it runs. */
  #pausedBy: 'site' | 'visitor' | null = null;
  /** When the last element was taken out of the page it ran, or was paused by one of them. */
  #resting: 'running' | 'site' | 'visitor' | null = null;

  constructor(
    name: string,
    server: string,
    page: { readonly emit: Emit; readonly door: Door; readonly settings: TaskSettings },
  ) {
    this.name = name;
    this.server = server;
    this.settings = page.settings;
    this.#emit = page.emit;
    this.#policy = page.door.policy;
    this.isBlocked = page.door.isBlocked;
    this.#close('idle');
  }

  get shown(): Shown {
    return this.#shown;
  }

  get mayStart(): boolean {
    return this.#hasAgreed || this.isGranted;
  }

  get isGranted(): boolean {
    return this.settings.consent === 'granted' || [...this.#elements].some(({ isGranted }) => isGranted);
  }

  configure(settings: TaskSettings): void {
    this.settings = { ...this.settings, ...settings };
    this.#changed();
  }

  // ── elements ─────────────────────────────────────────────────────────────────────────────────────────────────

  attach(element: TaskElement): void {
    this.#elements.add(element);
    const rested = this.#resting;
    this.#resting = null;
    if (rested === null || !this.mayStart) return;
    if (rested !== 'running') this.#pausedBy = rested;
    void this.#run().catch(() => {});
  }

  /** Without an element nothing runs: the way out must be on the page. One that is put back at once was only moved. */
  detach(element: TaskElement): void {
    this.#elements.delete(element);
    queueMicrotask(() => {
      if (this.#elements.size > 0 || this.phase.kind === 'closed') return;
      this.#resting = this.#pausedBy ?? 'running';
      void this.#halt('idle');
    });
  }

  // ── verbs ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The visitor has pressed "Agree and join". */
  agree(): Promise<void> {
    this.#hasAgreed = true;
    return this.start();
  }

  /** Goes on where the site itself paused; a pause by the visitor is the visitor's to end. */
  async start(): Promise<void> {
    // Forgetting ends the consent too: what comes after it needs one of its own.
    if (this.#forgetting !== null) await this.#forgetting;
    if (this.isBlocked) throw new FedtabError('unsupported', 'Trusted Types do not allow the policy "fedtab" here');
    if (!this.mayStart) throw new FedtabError('consent-required', 'the visitor has not agreed to take part');
    if (this.#elements.size === 0) throw new FedtabError('no-element', 'there is no <fedtab-contribute> on the page');
    const isPausedBySite = this.#pausedBy === 'site';
    if (isPausedBySite) this.#pausedBy = null;
    if (this.phase.kind !== 'running') return this.#run();
    if (isPausedBySite) this.#client?.resume();
  }

  pause(by: 'site' | 'visitor'): void {
    if (this.phase.kind === 'closed' || this.#pausedBy !== null) return;
    this.#pausedBy = by;
    if (this.phase.kind === 'running') this.phase.client.pause();
  }

  /** The visitor's press. What could not be stored for want of a server is tried again too. */
  async resume(): Promise<void> {
    this.#pausedBy = null;
    await this.#store();
    this.#client?.resume();
  }

  /** Ends the consent that the visitor gave here. Resolves when nothing runs any more. */
  stop(): Promise<void> {
    this.#hasAgreed = false;
    this.#resting = null;
    if (this.phase.kind !== 'closed') return this.#halt('left');
    return this.#client?.stop() ?? Promise.resolve();
  }

  /** The element says it could not be asked what taking part means. */
  refused(reason: string): void {
    if (this.phase.kind !== 'closed') return;
    this.#enter({ kind: 'closed', state: reason === 'server-away' ? 'server-away' : 'error', reason });
  }

  forget(): Promise<{ readonly serverForgot: boolean; readonly examplesDeleted: boolean }> {
    const forgotten = this.#forget();
    const ended = (): void => {
      this.#forgetting = null;
    };
    this.#forgetting = forgotten.then(ended, ended);
    return forgotten;
  }

  async #forget(): Promise<{ readonly serverForgot: boolean; readonly examplesDeleted: boolean }> {
    await this.stop();
    this.#waiting = [];
    this.erasing = 'busy';
    this.#changed();
    try {
      // Without a server there may be no program, and what is kept here goes all the same.
      const [client] = await Promise.all([this.#clientNow(), this.panelNow()]).catch(() => []);
      const done = await (client?.forget() ?? forgetHere(this.name as TaskId));
      this.erasing = !done.examplesDeleted ? 'failed' : done.serverForgot ? 'done' : 'doneHere';
      return done;
    } catch (error) {
      this.erasing = 'failed';
      throw error;
    } finally {
      this.#close('left');
    }
  }

  /** Before the consent they are kept in memory as they are, and looked at only then. */
  async addExamples(examples: readonly Example[]): Promise<ExamplesAnswer | PageExamples> {
    const copies: Example[] = structuredClone([...examples]);
    if (this.#waiting.length + copies.length > EXAMPLES_COUNT) {
      return { ok: false, reason: 'full', message: `At most ${EXAMPLES_COUNT} examples are kept for one task.` };
    }
    this.#waiting.push(...copies);
    if (this.phase.kind === 'running') {
      const stored = await this.#store();
      if (stored !== null) return stored;
    }
    return { ok: true, kept: 'page', count: this.#waiting.length };
  }

  // ── within ───────────────────────────────────────────────────────────────────────────────────────────────────

  #run(): Promise<void> {
    if (this.#starting !== null) return this.#starting;
    const starting: Promise<void> = this.#runOnce().finally(() => {
      // After a stop another start may be under way.
      if (this.#starting === starting) this.#starting = null;
    });
    this.#starting = starting;
    return starting;
  }

  async #runOnce(): Promise<void> {
    const turn = ++this.#turn;
    this.erasing = null;
    this.#enter({ kind: 'loading' });
    let client: Client;
    let panel: Panel;
    try {
      client = await this.#clientNow();
      panel = await this.panelNow();
    } catch {
      if (turn === this.#turn) {
        this.#pausedBy = null;
        this.#enter({ kind: 'closed', state: 'server-away', reason: 'server-away' });
      }
      throw new FedtabError('server-away', `${this.server} does not answer`);
    }
    if (turn !== this.#turn) return;
    await this.#store(client);
    if (turn !== this.#turn) return;
    await client.start();
    // Whoever overtook this has stopped the client, and may have started it again since.
    if (turn !== this.#turn) return;
    if (this.#pausedBy !== null) client.pause();
    this.#enter({ kind: 'running', client, panel });
  }

  async #halt(state: 'idle' | 'left'): Promise<void> {
    this.#turn++;
    this.#starting = null;
    this.#pausedBy = null;
    const client = this.#client;
    this.#close(state);
    await client?.stop();
  }

  get panel(): Panel | null {
    return this.#panel;
  }

  /** By a press only: this fetches the program. */
  async panelNow(): Promise<Panel> {
    this.#panel ??= await (await this.#sdk()).embed.openPanel();
    return this.#panel;
  }

  #sdk(): Promise<typeof import('./sdk.ts')> {
    return importModule(`${this.server}/sdk.js`) as Promise<typeof import('./sdk.ts')>;
  }

  async #clientNow(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const { createClient, embed } = await this.#sdk();
    if (this.#client !== null) return this.#client;
    embed.usePolicy(this.#policy);
    const { joinToken, backend, courtesy } = this.settings;
    const client = createClient({ task: this.name, server: this.server, joinToken, backend, courtesy });
    client.on('view', (view) => {
      this.#emit('view', view);
      this.#changed();
    });
    client.on('round', (note) => this.#emit('round', { task: this.name as TaskId, ...note }));
    this.#client = client;
    return client;
  }

  /** Stores what waits; null where nothing waits, or where it must go on waiting for a server. */
  async #store(client = this.#client): Promise<ExamplesAnswer | null> {
    const waiting = this.#waiting;
    if (client === null || waiting.length === 0) return null;
    this.#waiting = [];
    try {
      const answer = await client.addExamples(waiting);
      if (!answer.ok) console.warn(`Fedtab: ${answer.message}`);
      this.#emit('examples', { task: this.name as TaskId, answer });
      return answer;
    } catch {
      this.#waiting = [...waiting, ...this.#waiting];
      return null;
    }
  }

  #close(state: 'idle' | 'left'): void {
    if (this.isBlocked) this.#enter({ kind: 'closed', state: 'unsupported', reason: 'trusted-types' });
    else this.#enter({ kind: 'closed', state, reason: null });
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.#changed();
  }

  #changed(): void {
    const now = this.#shownNow();
    const before = this.#shown;
    this.#shown = now;
    for (const element of this.#elements) element.changed();
    const isSame = (['state', 'reason', 'round', 'version'] as const).every((key) => before[key] === now[key]);
    if (!isSame) this.#emit('state', { task: this.name as TaskId, ...now });
  }

  #shownNow(): Shown {
    const { phase } = this;
    if (phase.kind === 'running') {
      const { state, reason, round, version } = phase.client.view();
      return { state, reason, round, version };
    }
    const { round, version } = this.#shown;
    const state = phase.kind === 'loading' ? 'connecting' : phase.state;
    return { state, reason: phase.kind === 'loading' ? null : phase.reason, round, version };
  }
}
