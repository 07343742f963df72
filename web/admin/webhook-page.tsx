import { type Signal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Dialog, formatNumber, formatTime, showToast, TextField } from '../ui/index.ts';
import type { Webhook, WebhookSet } from './answers.ts';
import type { Failure } from './api.ts';
import { CopiedText } from './copied-text.tsx';
import { failureSentence } from './failure-sentence.ts';
import { LookedProblem, useLooked } from './looked.tsx';
import { useDashboard } from './shown.ts';
import { adminWords } from './words/index.ts';

/** What waits and why it does is looked at so often. */
const LOOK_MS = 5_000;

/** The one address that is told how rounds end: what becomes of its events, and the form that sets it. */
export function WebhookPage(): JSX.Element {
  const { webhook: api } = useDashboard();
  const t = adminWords().webhook;
  const looked = useLooked<Webhook | null>(() => api.webhook(), LOOK_MS);
  const made = useSignal<WebhookSet | null>(null);

  const shown = looked.value.value;
  return (
    <main id="main" class="webhook" tabIndex={-1} aria-busy={shown === undefined && looked.problem.value === null}>
      <h1>{t.title}</h1>
      <p class="muted lead">{t.lead}</p>
      <LookedProblem looked={looked} />
      {made.value !== null && (
        <section class="card webhook-secret" role="status">
          <h2>{t.secret}</h2>
          <p>{t.secretLead}</p>
          <CopiedText name={t.secret} text={made.value.secret} />
        </section>
      )}
      <section class="card">
        {shown === undefined ? (
          <p class="skeleton">{adminWords().frame.loading}</p>
        ) : shown === null ? (
          <p>{t.none}</p>
        ) : (
          <Deliveries webhook={shown} />
        )}
      </section>
      <AddressForm
        isSet={shown !== undefined && shown !== null}
        onSet={(set) => {
          made.value = set;
          looked.look();
        }}
      />
      {shown !== undefined && shown !== null && (
        <Removal
          onRemoved={() => {
            made.value = null;
            looked.value.value = null;
          }}
        />
      )}
    </main>
  );
}

function Deliveries({ webhook }: { readonly webhook: Webhook }): JSX.Element {
  const t = adminWords().webhook;
  const { url, waiting, failures, problem, retryAt } = webhook;
  return (
    <dl class="spec">
      <div>
        <dt>{t.current}</dt>
        <dd>
          <code>{url}</code>
        </dd>
      </div>
      <div>
        <dt>{t.waiting}</dt>
        <dd>{t.events(formatNumber(waiting))}</dd>
      </div>
      <div>
        <dt>{t.state}</dt>
        <dd>
          {failures === 0 ? t.fine : t.failed(formatNumber(failures), problem ?? '')}
          {retryAt !== null && ` ${t.retry(formatTime(retryAt))}`}
        </dd>
      </div>
    </dl>
  );
}

interface AddressFormProps {
  readonly isSet: boolean;
  readonly onSet: (set: WebhookSet) => void;
}

function AddressForm({ isSet, onSet }: AddressFormProps): JSX.Element {
  const { webhook: api } = useDashboard();
  const t = adminWords().webhook;
  const address = useSignal('');
  const isBusy = useSignal(false);
  const problem: Signal<string | null> = useSignal(null);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).querySelector('input');
    if (isBusy.value) return;
    isBusy.value = true;
    const answer = address.value.trim() === '' ? null : await api.setWebhook(address.value.trim());
    isBusy.value = false;
    if (answer?.ok) {
      address.value = '';
      return onSet(answer.value);
    }
    problem.value = answer === null ? t.addressEmpty : sentenceFor(answer.failure);
    field?.focus();
  }

  return (
    <form class="card webhook-form" noValidate onSubmit={submit}>
      <h2>{isSet ? t.replace : t.set}</h2>
      {isSet && <p class="muted small">{t.replaceHelp}</p>}
      <TextField
        label={t.address}
        help={t.addressHelp}
        placeholder="https://hooks.example.org/fedtab"
        value={address.value}
        problem={problem.value ?? undefined}
        onChange={(value) => {
          address.value = value;
          problem.value = null;
        }}
      />
      <button type="submit" class="primary" disabled={isBusy.value}>
        {t.set}
      </button>
    </form>
  );
}

/** Problems of the one field have sentences of their own. */
function sentenceFor(failure: Failure): string {
  const [problem] = failure.reason === 'refused' ? failure.problems : [];
  return problem === undefined
    ? failureSentence(failure)
    : (adminWords().webhook.problems[problem.message] ?? problem.message);
}

function Removal({ onRemoved }: { readonly onRemoved: () => void }): JSX.Element {
  const { webhook: api } = useDashboard();
  const t = adminWords();
  const isOpen = useSignal(false);
  const close = (): void => {
    isOpen.value = false;
  };
  async function remove(): Promise<void> {
    const answer = await api.clearWebhook();
    close();
    if (!answer.ok) return showToast(failureSentence(answer.failure), 'problem');
    showToast(t.webhook.removed);
    onRemoved();
  }
  return (
    <section class="card webhook-removal">
      <p>{t.webhook.removeHelp}</p>
      <button
        type="button"
        class="danger"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {t.webhook.remove}
      </button>
      <Dialog
        isOpen={isOpen.value}
        title={t.webhook.removeTitle}
        onClose={close}
        actions={
          <>
            <button type="button" class="quiet" onClick={close}>
              {t.settings.cancel}
            </button>
            <button type="button" class="danger" onClick={remove}>
              {t.webhook.remove}
            </button>
          </>
        }
      >
        <p>{t.webhook.removeHelp}</p>
      </Dialog>
    </section>
  );
}
