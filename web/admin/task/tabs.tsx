import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { TaskId } from '../../../shared/ids.ts';
import { TABS, type Tab, taskPlace } from '../address.ts';
import { Link } from '../link.tsx';
import { useDashboard } from '../shown.ts';
import { adminWords } from '../words/index.ts';

export const panelId = 'task-panel';
export const tabId = (tab: Tab): string => `tab-${tab}`;

/** The parts of a task's page. Arrow keys go from one to the next. */
export function Tabs({ task, current }: { readonly task: TaskId; readonly current: Tab }): JSX.Element {
  const t = adminWords().tabs;
  const { go } = useDashboard();
  const list = useRef<HTMLDivElement>(null);

  function move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = TABS.indexOf(current);
    const index =
      event.key === 'Home' ? 0 : event.key === 'End' ? TABS.length - 1 : step === undefined ? -1 : at + step;
    const next = TABS[(index + TABS.length) % TABS.length];
    if (next === undefined || (step === undefined && event.key !== 'Home' && event.key !== 'End')) return;
    event.preventDefault();
    go(taskPlace(task, next), 'replace');
    list.current?.querySelector<HTMLElement>(`#${tabId(next)}`)?.focus();
  }

  return (
    <div class="tabs" role="tablist" tabIndex={-1} ref={list} onKeyDown={move}>
      {TABS.map((tab) => (
        <Link
          key={tab}
          to={taskPlace(task, tab)}
          role="tab"
          id={tabId(tab)}
          aria-selected={tab === current}
          aria-controls={panelId}
          tabIndex={tab === current ? 0 : -1}
        >
          {t[tab]}
        </Link>
      ))}
    </div>
  );
}
