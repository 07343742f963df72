import { openDialog } from './dialog.ts';
import { h } from './dom.ts';
import { bytesIn, embedWords, type Language, numberIn } from './words/index.ts';

/** What the dialog needs to know of the task, read from `GET /api/tasks/<task>` with as little code as that takes. */
interface Numbers {
  readonly parameters: number;
  readonly bytes: number;
  /** A round may have this contributor alone. */
  readonly reportBytes: number;
  readonly isAlone: boolean;
}

export interface ConsentOptions {
  readonly into: HTMLElement;
  readonly server: string;
  readonly task: string;
  readonly language: Language;
  readonly onAgree: () => void;
  /** It could not be asked what taking part means; the reason is one of the words'. */
  readonly onRefused: (reason: string) => void;
}

/** "Before you join": what leaves, who sees it, how often, how to stop. It cannot be agreed to before the numbers are there. */
export async function askConsent({ into, server, task, language, onAgree, onRefused }: ConsentOptions): Promise<void> {
  const t = embedWords[language].consent;
  const asking = h('p', { className: 'muted' }, t.asking);
  const dialog = openDialog(into, {
    title: t.title,
    body: [h('p', null, t.lead), asking],
    goOn: t.agree,
    goOnClass: 'primary',
    back: t.not,
    onGoOn: onAgree,
  });
  const numbers = await fetchNumbers(`${server}/api/tasks/${task}`);
  if (typeof numbers === 'string') {
    dialog.close();
    onRefused(numbers);
    return;
  }
  const report = bytesIn(numbers.reportBytes);
  const facts: readonly (readonly [name: string, what: string])[] = [
    [t.leaves, t.leavesWhat(report, numberIn(numbers.parameters))],
    [t.who, [t.whoWhat(new URL(server).host), ...(numbers.isAlone ? [t.whoAlone] : [])].join(' ')],
    [t.comes, t.comesWhat(bytesIn(numbers.bytes))],
    [t.often, t.oftenWhat],
    [t.stop, t.stopWhat],
  ];
  asking.replaceWith(h('dl', null, ...facts.flatMap(([name, what]) => [h('dt', null, name), h('dd', null, what)])));
  dialog.allow();
}

async function fetchNumbers(address: string): Promise<Numbers | 'server-away' | 'unknown-task' | 'origin'> {
  try {
    const response = await fetch(address, { credentials: 'omit', cache: 'no-store' });
    if (response.status === 404) return 'unknown-task';
    const { parameters, bytes, reportBytes, participation, allowsOrigin } = await response.json();
    if (allowsOrigin === false) return 'origin';
    if (![parameters, bytes, reportBytes].every(Number.isSafeInteger)) return 'server-away';
    return { parameters, bytes, reportBytes, isAlone: participation?.minimum === 1 };
  } catch {
    return 'server-away';
  }
}
