import type { JSX } from 'preact';
import type { RoundNote } from '../client/view.ts';
import { formatBytes, formatNumber, Icon, MISSING, reasonSentence, Table, words } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { Step } from './step.tsx';
import { contributeWords } from './words/index.ts';

/** One line a round: what was sent, with how many others, and what became of it. Newest first. */
export function Receipts({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().receipts;
  const notes = contribution.view.value.notes;
  return (
    <Step number={null} title={t.title} class="receipts">
      {notes.length === 0 ? (
        <p class="muted small">{t.none}</p>
      ) : (
        <>
          <p class="muted small">{t.lead}</p>
          <Table
            caption={t.title}
            columns={[
              { name: t.round, isHead: true, cell: (note: RoundNote) => formatNumber(note.round) },
              { name: t.outcome, cell: outcomeOf },
              { name: t.sent, isNumeric: true, cell: (note) => formatBytes(note.sentBytes) },
              { name: t.cohort, isNumeric: true, cell: cohortOf },
            ]}
            rows={notes.toReversed()}
            keyOf={(note) => note.round}
          />
        </>
      )}
    </Step>
  );
}

function outcomeOf(note: RoundNote): JSX.Element {
  const t = contributeWords().receipts;
  if (note.outcome === 'counted' && note.version !== null) {
    return (
      <span class="counted">
        <Icon name="check" size={16} />
        {(note.purpose === 'evaluate' ? t.scored : t.made)(formatNumber(note.version))}
      </span>
    );
  }
  const known = words().outcomes[note.outcome];
  const outcome = note.purpose === 'evaluate' ? t.scoring(known) : known;
  const reason = note.reason === note.outcome ? null : reasonSentence(note.reason);
  return <span>{reason === null ? outcome : t.because(outcome, reason)}</span>;
}

function cohortOf({ cohort }: RoundNote): string {
  const t = contributeWords().receipts;
  if (cohort === null) return MISSING;
  return cohort === 1 ? t.alone : t.others(formatNumber(cohort - 1));
}
