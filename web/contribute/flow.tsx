import type { JSX } from 'preact';
import { formatBytes, formatNumber, Icon, MISSING } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { contributeWords } from './words/index.ts';

/** The two boxes on top: what stays on this device, what leaves it, and to whom it is known. */
export function Flow({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().flow;
  const { task } = contribution;
  const examples = contribution.examples.value;
  const stored = examples.kind === 'open' ? examples : examples.kind === 'closed' ? examples.remembered : null;
  const { data, minimum } = task.participation ?? {};
  const isAlone = minimum === 1;
  return (
    <section class="flow" aria-label={`${t.stays}, ${t.leaves}`}>
      <div class="card">
        <small>
          <Icon name="device" size={16} />
          {t.stays}
        </small>
        <strong>{data ? t.staysWhat[data.kind] : null}</strong>
        <p>
          {stored && stored.count > 0
            ? t.stored(formatNumber(stored.count), formatBytes(stored.bytes))
            : examples.kind === 'open' || examples.kind === 'closed'
              ? t.noExamples
              : MISSING}
        </p>
      </div>
      <svg class="arrows" width="56" height="44" viewBox="0 0 56 44" aria-hidden="true" focusable="false">
        <path class="out" d="M4 14h46m-6-5 6 5-6 5" />
        <path class="in" d="M52 31H6m6-5-6 5 6 5" />
      </svg>
      <div class="card">
        <small>
          <Icon name="server" size={16} />
          {t.leaves}
        </small>
        <strong>{t.leavesWhat(formatNumber(task.parameters))}</strong>
        <p>
          {t.aRound(formatBytes(task.reportBytes))}
          {t.seen}
          {isAlone && ` ${t.alone}`}
        </p>
      </div>
      {!isSecureContext && <p class="notice flow-note">{t.plainHttp}</p>}
    </section>
  );
}
