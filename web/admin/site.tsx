import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { language, PageHeader, Toasts } from '../ui/index.ts';
import { ConnectionState } from './connection.tsx';
import type { Dashboard } from './dashboard.ts';
import { Frame } from './frame.tsx';
import { LogIn } from './log-in.tsx';
import { DashboardContext } from './shown.ts';
import { adminWords } from './words/index.ts';

/** `/admin`: the way in, or the dashboard. */
export function Site({ dashboard }: { readonly dashboard: Dashboard }): JSX.Element {
  const t = adminWords();
  const session = dashboard.session.value;
  const place = dashboard.place.value;
  const task = place.kind === 'task' ? dashboard.tasks.value?.get(place.task) : undefined;
  const titles = {
    home: undefined,
    new: t.newTask.title,
    webhook: t.webhook.title,
    logins: t.logins.title,
    task: task?.title,
  };
  const title = session.kind === 'in' ? titles[place.kind] : undefined;
  useEffect(() => {
    document.title = `${title ?? t.title} · Fedtab`;
  }, [title, language.value]);

  return (
    <DashboardContext.Provider value={dashboard}>
      <PageHeader>
        {session.kind === 'in' && (
          <>
            <ConnectionState />
            <button type="button" onClick={() => dashboard.logOut()}>
              {t.frame.logOut}
            </button>
          </>
        )}
      </PageHeader>
      {session.kind === 'in' ? <Frame /> : <LogIn session={session} />}
      <Toasts />
    </DashboardContext.Provider>
  );
}
