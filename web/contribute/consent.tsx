import type { JSX } from 'preact';
import { COUNTS_COUNT } from '../../shared/evaluation/size.ts';
import { Dialog, formatBytes, formatNumber } from '../ui/index.ts';
import type { Contribution } from './contribution.ts';
import { contributeWords } from './words/index.ts';

interface ConsentProps {
  readonly contribution: Contribution;
  readonly isOpen: boolean;
  readonly onAgree: () => void;
  readonly onClose: () => void;
}

/** "Before you join": what leaves, who sees it, how often, how to stop. Nothing runs before the agreement. */
export function Consent({ contribution, isOpen, onAgree, onClose }: ConsentProps): JSX.Element {
  const t = contributeWords().consent;
  const { task } = contribution;
  const isAlone = task.participation?.minimum === 1;
  const isScored = task.participation?.client.heldOut === true;
  return (
    <Dialog
      isOpen={isOpen}
      title={t.title}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {t.not}
          </button>
          <button type="button" class="primary" onClick={onAgree}>
            {t.agree}
          </button>
        </>
      }
    >
      <p>{t.lead}</p>
      <dl class="consent">
        <dt>{t.leaves}</dt>
        <dd>
          {t.leavesWhat(formatBytes(task.reportBytes), formatNumber(task.parameters))}
          {isScored && ` ${t.leavesCounts(formatNumber(COUNTS_COUNT))}`}
        </dd>
        <dt>{t.who}</dt>
        <dd>
          {t.whoWhat} {task.participation?.data.kind === 'ratings' && `${t.whoRatings} `}
          {isAlone && (
            <strong>
              {t.whoAlone}
              {isScored && ` ${t.whoAloneCounts}`}
            </strong>
          )}
        </dd>
        <dt>{t.comes}</dt>
        <dd>{t.comesWhat(formatBytes(task.bytes))}</dd>
        <dt>{t.often}</dt>
        <dd>{t.oftenWhat}</dd>
        <dt>{t.stop}</dt>
        <dd>{t.stopWhat}</dd>
      </dl>
      {!isSecureContext && <p class="notice">{contributeWords().flow.plainHttp}</p>}
    </Dialog>
  );
}
