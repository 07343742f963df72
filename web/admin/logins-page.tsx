import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { formatTime, showToast, Table } from '../ui/index.ts';
import type { Login } from './answers.ts';
import type { Answer, Failure } from './api.ts';
import { failureSentence } from './failure-sentence.ts';
import { useDashboard } from './shown.ts';
import { WideTable } from './wide-table.tsx';
import { adminWords } from './words/index.ts';

/** Who else may have come and gone is looked at so often. */
const LOOK_MS = 10_000;

/** Each browser that is logged in, and what ends its login. */
export function LoginsPage(): JSX.Element {
  const { logins: api } = useDashboard();
  const t = adminWords().logins;
  /** null: not known yet. */
  const logins = useSignal<readonly Login[] | null>(null);
  const problem = useSignal<Failure | null>(null);

  async function look(): Promise<void> {
    const answer = await api.logins();
    problem.value = answer.ok ? null : answer.failure;
    if (answer.ok) logins.value = answer.value;
  }
  useEffect(() => {
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, []);

  async function end(answered: Promise<Answer<unknown>>, done: string): Promise<void> {
    const answer = await answered;
    if (answer.ok) showToast(done);
    else if (answer.failure.reason === 'refused' && answer.failure.code === 'not-found') showToast(t.gone);
    else showToast(failureSentence(answer.failure), 'problem');
    await look();
  }

  const shown = logins.value;
  const isAlone = shown?.every(({ isOwn }) => isOwn) ?? true;
  return (
    <main id="main" class="logins" tabIndex={-1} aria-busy={shown === null && problem.value === null}>
      <h1>{t.title}</h1>
      <p class="muted lead">{t.lead}</p>
      {problem.value !== null && (
        <p class="notice problem" role="alert">
          {failureSentence(problem.value)}
        </p>
      )}
      {shown === null ? (
        <p class="skeleton">{adminWords().frame.loading}</p>
      ) : (
        <WideTable name={t.title}>
          <Table
            caption={t.title}
            columns={[
              { name: t.name, isHead: true, cell: ({ actor }) => <code>{actor}</code> },
              {
                name: t.browser,
                cell: ({ actor, isOwn }) =>
                  isOwn ? (
                    t.own
                  ) : (
                    <button
                      type="button"
                      class="quiet"
                      aria-label={t.endOne(actor)}
                      onClick={() => end(api.endLogin(actor), t.ended(actor))}
                    >
                      {t.end}
                    </button>
                  ),
              },
              { name: t.used, cell: ({ usedAt }) => formatTime(usedAt) },
              { name: t.began, cell: ({ beganAt }) => formatTime(beganAt) },
              { name: t.ends, cell: ({ expiresAt }) => formatTime(expiresAt) },
            ]}
            rows={shown}
            keyOf={({ actor }) => actor}
            empty={t.alone}
          />
        </WideTable>
      )}
      {shown !== null &&
        (isAlone ? (
          <p class="muted small">{t.alone}</p>
        ) : (
          <button type="button" class="danger" onClick={() => end(api.endOtherLogins(), t.endedOthers)}>
            {t.endOthers}
          </button>
        ))}
    </main>
  );
}
