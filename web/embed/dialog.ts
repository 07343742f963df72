import { button, h } from './dom.ts';

export interface DialogOptions {
  readonly title: string;
  readonly body: readonly HTMLElement[];
  readonly goOn: string;
  readonly goOnClass: string;
  readonly back: string;
  readonly onGoOn: () => void;
}

export interface OpenDialog {
  readonly body: HTMLElement;
  /** The button that goes on waits for this: what it is about has been shown. */
  allow(): void;
  close(): void;
}

/** Smaller than this nobody has read what they agree to. */
const READABLE = { width: 240, height: 160 };
/** The second press of a double one is not an answer. */
const ANSWER_AFTER_MS = 400;

/** A native modal dialog in a shadow root. The button that goes back has the focus; Escape goes back too. */
export function openDialog(into: HTMLElement, options: DialogOptions): OpenDialog {
  const before = (into.getRootNode() as ShadowRoot).activeElement;
  const title = h('h2', { id: 'fedtab-title' }, options.title);
  const body = h('div', null, ...options.body);
  const goOn = button(options.goOn, options.goOnClass, () => {
    if (!isReadable(dialog)) return;
    close();
    options.onGoOn();
  });
  goOn.disabled = true;
  const back = button(options.back, 'quiet', () => close());
  const dialog = h('dialog', null, title, body, h('div', { className: 'actions' }, back, goOn));
  function close(): void {
    dialog.close();
  }
  dialog.setAttribute('aria-labelledby', title.id);
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (before instanceof HTMLElement) before.focus();
  });
  into.append(dialog);
  dialog.showModal();
  back.focus();
  const openedAtMs = performance.now();
  return {
    body,
    allow() {
      const waitMs = Math.max(0, openedAtMs + ANSWER_AFTER_MS - performance.now());
      setTimeout(() => {
        goOn.disabled = false;
      }, waitMs);
    },
    close,
  };
}

/** On the screen, large enough, and not made invisible. */
function isReadable(dialog: HTMLElement): boolean {
  const box = dialog.getBoundingClientRect();
  const width = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
  const height = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
  if (width < READABLE.width || height < READABLE.height) return false;
  return dialog.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true;
}
