import tokens from '../ui/tokens.css?inline';
import { closedView } from './closed-view.ts';
import { askConsent } from './consent.ts';
import { openDialog } from './dialog.ts';
import { button, h } from './dom.ts';
import css from './embed.css?inline';
import type { EmbeddedTask, TaskElement } from './embedded-task.ts';
import type { Page } from './page-api.ts';
import { embedWords, type Language, languageOf } from './words/index.ts';

const NAME = 'fedtab-contribute';

/** Defines `<fedtab-contribute>` unless a script before this one has. */
export function defineElement(page: Page): void {
  if (customElements.get(NAME) !== undefined) return;
  let shared: readonly CSSStyleSheet[] | null = null;
  /** Constructed style sheets need no style-src. */
  const sheets = (): readonly CSSStyleSheet[] => {
    shared ??= [tokens, css].map(sheetOf);
    return shared;
  };

  class ContributeElement extends HTMLElement implements TaskElement {
    static readonly observedAttributes = ['data-task', 'data-consent', 'data-lang', 'data-theme'];
    #task: EmbeddedTask | null = null;
    #drawn = '';
    #unmount: (() => void) | null = null;
    #isAboutOpen = false;
    #isPending = false;

    get isGranted(): boolean {
      return this.dataset['consent'] === 'granted';
    }

    connectedCallback(): void {
      if (this.shadowRoot === null) this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [...sheets()];
      this.#task = page.task(this.dataset['task']);
      if (this.#task === null) console.warn('Fedtab: <fedtab-contribute> needs data-task with the name of a task');
      this.#task?.attach(this);
      this.#draw();
    }

    disconnectedCallback(): void {
      this.#task?.detach(this);
      this.#task = null;
    }

    attributeChangedCallback(name: string, before: string | null, now: string | null): void {
      if (!this.isConnected || before === now || this.shadowRoot === null) return;
      if (name === 'data-task') {
        this.disconnectedCallback();
        this.connectedCallback();
        return;
      }
      this.#drawn = '';
      this.#draw();
    }

    changed(): void {
      // Once a turn, however much has changed in it.
      if (this.#isPending) return;
      this.#isPending = true;
      queueMicrotask(() => {
        this.#isPending = false;
        this.#draw();
      });
    }

    #draw(): void {
      const task = this.#task;
      const root = this.shadowRoot;
      if (task === null || root === null) return;
      const { state, reason, round, version } = task.shown;
      const attributes = { state, reason: reason ?? '', round: String(round ?? ''), version: String(version ?? '') };
      for (const [name, value] of Object.entries(attributes)) {
        if (this.dataset[name] !== value) this.dataset[name] = value;
      }
      const { phase, erasing } = task;
      const key = JSON.stringify([phase.kind, phase.kind === 'closed' ? [state, reason, erasing] : 0]);
      if (key === this.#drawn) return;
      this.#drawn = key;
      this.#unmount?.();
      this.#unmount = null;
      const hadFocus = root.activeElement !== null;
      const frame = h('div', { className: 'frame' });
      const theme = this.dataset['theme'] ?? task.settings.theme;
      if (theme === 'light' || theme === 'dark') frame.dataset['theme'] = theme;
      frame.lang = this.#language(task) === 'zh' ? 'zh-Hans' : 'en';
      for (const old of root.querySelectorAll('.frame')) old.remove();
      root.append(frame);
      if (phase.kind === 'running') this.#mount(task, phase, root, frame);
      else frame.append(phase.kind === 'loading' ? this.#loading(task) : this.#closed(task, frame));
      if (hadFocus) root.querySelector('button')?.focus();
    }

    #closed(task: EmbeddedTask, frame: HTMLElement): HTMLElement {
      const { state, reason } = task.shown;
      return closedView({
        words: embedWords[this.#language(task)],
        server: task.server,
        reason,
        hasLeft: state === 'left',
        erased: this.#erased(task, this.#language(task)),
        canJoin: !task.isBlocked && task.erasing !== 'busy',
        isAboutOpen: this.#isAboutOpen,
        onAbout: (isOpen) => {
          this.#isAboutOpen = isOpen;
        },
        onJoin: () => void this.#join(task, frame),
        onErase: () => void this.#erase(task, frame),
      });
    }

    #loading(task: EmbeddedTask): HTMLElement {
      const words = embedWords[this.#language(task)];
      return h(
        'section',
        { className: 'line', ariaLabel: words.joinName },
        h('p', { role: 'status' }, words.loading),
        h(
          'span',
          { className: 'choices' },
          button(words.leave, 'quiet', () => void task.stop()),
        ),
      );
    }

    #mount(
      task: EmbeddedTask,
      { client, panel }: Extract<EmbeddedTask['phase'], { kind: 'running' }>,
      root: ShadowRoot,
      frame: HTMLElement,
    ): void {
      root.adoptedStyleSheets = [...sheets(), sheetOf(panel.css)];
      this.#unmount = panel.mount(frame, {
        client,
        language: this.#language(task),
        onResume: () => void task.resume(),
        onPause: () => task.pause('visitor'),
        onLeave: () => void task.stop(),
        onErase: () => void this.#erase(task, frame),
      });
    }

    /** Where the site answers for the consent, the press alone is enough. */
    async #join(task: EmbeddedTask, frame: HTMLElement): Promise<void> {
      if (task.mayStart) return task.start().catch(() => {});
      await askConsent({
        into: frame,
        server: task.server,
        task: task.name,
        language: this.#language(task),
        onAgree: () => void task.agree().catch(() => {}),
        onRefused: (reason) => task.refused(reason),
      });
    }

    async #erase(task: EmbeddedTask, frame: HTMLElement): Promise<void> {
      const panel = await task.panelNow().catch(() => null);
      const words = embedWords[this.#language(task)];
      const onGoOn = (): void => void task.forget().catch(() => {});
      if (panel !== null) return panel.askErase(frame, this.#language(task), onGoOn);
      const body = [h('p', null, words.eraseAway)];
      const back = words.consent.not;
      openDialog(frame, { title: words.erase, body, goOn: words.erase, goOnClass: 'danger', back, onGoOn }).allow();
    }

    #erased({ erasing, panel }: EmbeddedTask, language: Language): string | null {
      if (erasing === null) return null;
      if (panel !== null) return panel.erased(language, erasing);
      const words = embedWords[language];
      return erasing === 'busy' ? null : erasing === 'failed' ? words.notErased : words.erased;
    }

    #language(task: EmbeddedTask): Language {
      const asked = this.dataset['lang'] ?? task.settings.lang;
      return languageOf(asked, document.documentElement.lang, ...navigator.languages);
    }
  }
  customElements.define(NAME, ContributeElement);
}

function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}
