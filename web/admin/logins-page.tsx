import type { JSX } from 'preact';
import { formatTime, showToast, Table } from '../ui/index.ts';
import type { Login } from './answers.ts';
import type { Answer } from './api.ts';
import { failureSentence } from './failure-sentence.ts';
import { LookedProblem, useLooked } from './looked.tsx';
import { useDashboard } from './shown.ts';
import { WideTable } from './wide-table.tsx';
import { adminWords } from './words/index.ts';

/** Who else may have come and gone is looked at so often. */
const LOOK_MS = 10_000;

/** Each browser that is logged in, and what ends its login. */
export function LoginsPage(): JSX.Element {
  const { logins: api } = useDashboard();
  const t = adminWords().logins;
  const looked = useLooked<readonly Login[]>(() => api.logins(), LOOK_MS);

  async function end(answered: Promise<Answer<unknown>>, done: string): Promise<void> {
    const answer = await answered;
    if (answer.ok) showToast(done);
    else if (answer.failure.reason === 'refused' && answer.failure.code === 'not-found') showToast(t.gone);
    else showToast(failureSentence(answer.failure), 'problem');
    await looked.look();
  }

  const shown = looked.value.value;
  const isAlone = shown?.every(({ isOwn }) => isOwn) ?? true;
  return (
    <main id="main" class="logins" tabIndex={-1} aria-busy={shown === undefined && looked.problem.value === null}>
      <h1>{t.title}</h1>
      <p class="muted lead">{t.lead}</p>
      <LookedProblem looked={looked} />
      {shown === undefined ? (
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
      {shown !== undefined &&
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
