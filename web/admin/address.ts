import { isTaskId, type TaskId } from '../../shared/ids.ts';

/** Where on the dashboard one is, as the query of the address: it survives a reload and can be sent to a colleague. */

export const TABS = ['overview', 'rounds', 'contributors', 'model', 'settings'] as const;
export type Tab = (typeof TABS)[number];

export type Place =
  | { readonly kind: 'home' }
  /** `from`: a task whose spec the form starts with. */
  | { readonly kind: 'new'; readonly from: TaskId | null }
  | { readonly kind: 'webhook' }
  | { readonly kind: 'logins' }
  | { readonly kind: 'task'; readonly task: TaskId; readonly tab: Tab; readonly round: number | null };

export const taskPlace = (task: TaskId, tab: Tab = 'overview', round: number | null = null): Place => ({
  kind: 'task',
  task,
  tab,
  round,
});

export function placeOf(search: string): Place {
  const query = new URLSearchParams(search);
  const task = query.get('task');
  if (query.has('new'))
    return { kind: 'new', from: isTaskId(query.get('from')) ? (query.get('from') as TaskId) : null };
  if (query.has('webhook')) return { kind: 'webhook' };
  if (query.has('logins')) return { kind: 'logins' };
  if (!isTaskId(task)) return { kind: 'home' };
  const round = query.get('round');
  return taskPlace(
    task,
    TABS.find((tab) => tab === query.get('tab')) ?? 'overview',
    round !== null && /^\d{1,15}$/.test(round) ? Number(round) : null,
  );
}

/** `/admin?…`; a language that was asked for stays. */
export function addressOf(place: Place, search = ''): string {
  const query = new URLSearchParams();
  const language = new URLSearchParams(search).get('lang');
  if (language !== null) query.set('lang', language);
  if (place.kind === 'new') {
    query.set('new', '');
    if (place.from !== null) query.set('from', place.from);
  }
  if (place.kind === 'webhook' || place.kind === 'logins') query.set(place.kind, '');
  if (place.kind === 'task') {
    query.set('task', place.task);
    if (place.tab !== 'overview') query.set('tab', place.tab);
    if (place.round !== null) query.set('round', String(place.round));
  }
  const text = query.toString().replace(/(^|&)(new|webhook|logins)=(?=&|$)/, '$1$2');
  return text === '' ? '/admin' : `/admin?${text}`;
}

/** The one-time code of a link `/admin#<code>`; null where the fragment is none. */
export function codeOf(hash: string): string | null {
  const code = hash.replace(/^#/, '');
  return /^[\w-]{16,128}$/.test(code) ? code : null;
}
