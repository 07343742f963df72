import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { TextField } from '../ui/index.ts';
import type { Session } from './dashboard.ts';
import { failureSentence } from './failure-sentence.ts';
import { useDashboard } from './shown.ts';
import { adminWords } from './words/index.ts';

/** The way in for those who came without a link. */
export function LogIn({ session }: { readonly session: Exclude<Session, { kind: 'in' }> }): JSX.Element {
  const dashboard = useDashboard();
  const t = adminWords().logIn;
  const token = useSignal('');
  const isBusy = useSignal(false);
  const problem = useSignal<string | null>(null);
  if (session.kind === 'checking') {
    return (
      <main id="main" class="log-in" aria-busy="true">
        <p class="skeleton">{t.checking}</p>
      </main>
    );
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (isBusy.value || token.value.trim() === '') return;
    isBusy.value = true;
    problem.value = null;
    const answer = await dashboard.logIn(token.value.trim());
    isBusy.value = false;
    if (answer.ok) return;
    problem.value = answer.failure.reason === 'logged-out' ? t.wrong : failureSentence(answer.failure);
  }

  return (
    <main id="main" class="log-in" data-state="logged-out">
      <h1>{t.title}</h1>
      {session.notice && (
        <p class={`notice${session.notice === 'logged-out' ? '' : ' problem'}`} role="status">
          {t.notices[session.notice]}
        </p>
      )}
      <p class="muted">{t.lead}</p>
      <form class="log-in-form" onSubmit={submit}>
        <TextField
          label={t.token}
          isSecret
          autocomplete="current-password"
          value={token.value}
          problem={problem.value ?? undefined}
          onChange={(value) => {
            token.value = value;
            problem.value = null;
          }}
        />
        <button class="primary" type="submit" disabled={isBusy.value}>
          {t.submit}
        </button>
      </form>
      <p class="muted small">
        {t.newLink} <code>npm start -- --admin-link</code>
      </p>
    </main>
  );
}
