import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog, Icon } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { contributeWords } from './words/index.ts';

/** "Delete my data", with what it can do and what it cannot. */
export function Erase({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().erase;
  const [isAsking, setAsking] = useState(false);
  const close = (): void => setAsking(false);
  return (
    <div class="erase">
      <button
        type="button"
        class="quiet danger"
        disabled={contribution.presses.value.size > 0}
        onClick={() => setAsking(true)}
      >
        <Icon name="trash" />
        {t.open}
      </button>
      <Dialog
        isOpen={isAsking}
        title={t.title}
        onClose={close}
        actions={
          <>
            <button type="button" class="quiet" onClick={close}>
              {t.cancel}
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                close();
                void contribution.erase();
              }}
            >
              {t.confirm}
            </button>
          </>
        }
      >
        <p>{t.lead}</p>
        <ul>
          <li>{t.here}</li>
          <li>{t.there}</li>
        </ul>
        <p class="notice">{t.honest}</p>
      </Dialog>
    </div>
  );
}
