import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import {
  type Column,
  Dialog,
  formatBytes,
  formatMeasure,
  formatNumber,
  formatTime,
  showToast,
  Table,
} from '../../ui/index.ts';
import type { Checkpoint } from '../answers.ts';
import { checkpointScore } from '../history.ts';
import { useOrders } from '../orders.ts';
import { scoreName } from '../score-name.ts';
import type { ShownTask } from '../shown.ts';
import { WideTable } from '../wide-table.tsx';
import { adminWords } from '../words/index.ts';

const PAGE = 50;

/** The versions, newest first, each with the way back to it. */
export function Checkpoints(props: {
  readonly task: ShownTask;
  readonly checkpoints: readonly Checkpoint[];
}): JSX.Element {
  const { task, checkpoints } = props;
  const { picture, history } = task;
  const { status } = picture;
  const t = adminWords();
  const shownCount = useSignal(PAGE);
  const asked = useSignal<Checkpoint | null>(null);
  const newestFirst = checkpoints.slice(-shownCount.value).reverse();
  const more = Math.min(PAGE, checkpoints.length - newestFirst.length);
  const mustWait = status.round !== null;
  const number = (name: string, cell: Column<Checkpoint>['cell']): Column<Checkpoint> => ({
    name,
    cell,
    isNumeric: true,
  });

  const wayBack = (checkpoint: Checkpoint): JSX.Element => {
    if (checkpoint.version === status.version) return <span class="muted">{t.model.current}</span>;
    if (!checkpoint.kept) return <span class="muted">{t.model.notKept}</span>;
    if (picture.archived) return <span />;
    return (
      <button
        type="button"
        class="small-button"
        disabled={mustWait}
        title={mustWait ? t.model.rollBackWait : t.model.rollBackTitle(formatNumber(checkpoint.version))}
        onClick={() => {
          asked.value = checkpoint;
        }}
      >
        {t.model.rollBack}
      </button>
    );
  };
  const columns: Column<Checkpoint>[] = [
    { name: t.model.version, isHead: true, cell: ({ version }) => t.rounds.version(formatNumber(version)) },
    { name: t.model.made, cell: (checkpoint) => origin(checkpoint) },
    number(scoreName(task.spec), (checkpoint) => formatMeasure(checkpointScore(history, checkpoint))),
    number(t.model.loss, (checkpoint) => formatNumber(checkpointScore(history, checkpoint)?.loss ?? null, 3)),
    number(t.model.size, ({ bytes }) => formatBytes(bytes)),
    number(t.model.created, ({ createdAt }) => formatTime(createdAt)),
    { name: t.model.hash, cell: ({ sha256 }) => <code title={sha256}>{sha256.slice(0, 8)}</code> },
    { name: t.model.rollBack, isNumeric: true, cell: wayBack },
  ];

  return (
    <section class="card">
      <h2>{t.model.checkpoints}</h2>
      {mustWait && <p class="muted small">{t.model.rollBackWait}</p>}
      <WideTable name={t.model.checkpoints}>
        <Table caption={t.model.checkpoints} columns={columns} rows={newestFirst} keyOf={({ version }) => version} />
      </WideTable>
      {more > 0 && (
        <button
          type="button"
          onClick={() => {
            shownCount.value += PAGE;
          }}
        >
          {t.rounds.more(formatNumber(more))}
        </button>
      )}
      {checkpoints.some(({ kept }) => !kept) && <p class="muted small note">{t.model.keptNote}</p>}
      <RollBack
        task={task}
        to={asked.value}
        onClose={() => {
          asked.value = null;
        }}
      />
    </section>
  );

  function origin({ round, copyOf }: Checkpoint): string {
    if (copyOf !== undefined) return t.model.byRollBack(formatNumber(copyOf));
    if (round !== undefined) return t.model.byRound(formatNumber(round));
    return 'weights' in (task.spec?.model ?? {}) ? t.model.byBringing : t.model.byStart;
  }
}

function RollBack(props: {
  readonly task: ShownTask;
  readonly to: Checkpoint | null;
  readonly onClose: () => void;
}): JSX.Element {
  const { task, to, onClose } = props;
  const t = adminWords().model;
  const { picture, history } = task;
  const { isBusy, give } = useOrders(picture.task);
  const version = formatNumber(to?.version ?? null);
  const then = to === null ? null : checkpointScore(history, to);
  const now = picture.status.metrics;

  async function rollBack(): Promise<void> {
    if (to === null) return;
    if (await give({ kind: 'rollback', version: to.version })) showToast(t.rolledBack(version));
    onClose();
  }

  return (
    <Dialog
      isOpen={to !== null}
      title={t.rollBackTitle(version)}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {t.keep}
          </button>
          <button type="button" class="primary" disabled={isBusy('rollback')} onClick={rollBack}>
            {t.rollBack}
          </button>
        </>
      }
    >
      <p>{t.rollBackLead(version, formatNumber(picture.status.version + 1))}</p>
      {then !== null && now !== null && (
        <p class="muted">{t.rollBackCompare(formatMeasure(then), formatMeasure(now))}</p>
      )}
    </Dialog>
  );
}
