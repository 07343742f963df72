import { button, h } from './dom.ts';
import type { EmbedWords } from './words/index.ts';

export interface ClosedViewOptions {
  readonly words: EmbedWords;
  readonly server: string;
  readonly reason: string | null;
  readonly hasLeft: boolean;
  /** What came of deleting. */
  readonly erased: string | null;
  /** False where nothing can ever run on this page. */
  readonly canJoin: boolean;
  readonly isAboutOpen: boolean;
  readonly onAbout: (isOpen: boolean) => void;
  readonly onJoin: () => void;
  readonly onErase: () => void;
}

/** One line: the invitation, "Join", "What is this?"; below it what was last to be said, and the explanation. */
export function closedView(options: ClosedViewOptions): HTMLElement {
  const { words, canJoin } = options;
  const about = h(
    'div',
    { id: 'fedtab-about', className: 'about', hidden: !options.isAboutOpen },
    ...words.about(new URL(options.server).host).map((text) => h('p', null, text)),
    button(words.erase, 'quiet danger', options.onErase),
  );
  const what = button(words.what, 'quiet link', () => {
    about.hidden = !about.hidden;
    what.ariaExpanded = String(!about.hidden);
    options.onAbout(!about.hidden);
  });
  what.setAttribute('aria-controls', about.id);
  what.ariaExpanded = String(options.isAboutOpen);
  const join = button(words.join, 'primary', options.onJoin);
  join.ariaLabel = words.joinName;
  const said = saidNow(options);
  return h(
    'section',
    { className: 'closed', ariaLabel: words.joinName },
    h(
      'div',
      { className: 'line' },
      h('p', null, words.invite),
      h('span', { className: 'choices' }, canJoin ? join : null, what),
    ),
    h('p', { className: 'said', role: 'status', hidden: said === null }, said),
    about,
  );
}

function saidNow({ words, reason, hasLeft, erased }: ClosedViewOptions): string | null {
  if (erased !== null) return erased;
  const reasons: Readonly<Record<string, string>> = words.reasons;
  if (reason !== null) return reasons[reason] ?? reason;
  return hasLeft ? words.left : null;
}
