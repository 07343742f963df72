import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { isTaskId, type TaskId } from '../../../shared/ids.ts';
import { Dialog, showToast, TextField } from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import { failureSentence } from '../failure-sentence.ts';
import { freeId } from '../new-task/draft.ts';
import { useOrders } from '../orders.ts';
import { type ShownTask, useDashboard } from '../shown.ts';
import { adminWords } from '../words/index.ts';

interface TaskDialogProps {
  readonly task: ShownTask;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function DuplicateDialog({ task, isOpen, onClose }: TaskDialogProps): JSX.Element {
  const dashboard = useDashboard();
  const t = adminWords();
  const { spec } = task;
  const isTaken = (candidate: string): boolean => dashboard.tasks.value?.has(candidate as TaskId) ?? false;
  const id = useSignal('');
  const title = useSignal('');
  const problems = useSignal<ReadonlyMap<string, string>>(new Map());
  const isBusy = useSignal(false);
  useEffect(() => {
    if (!isOpen) return;
    id.value = freeId(`${spec.id.slice(0, 35)}-copy`, isTaken);
    title.value = spec.title;
    problems.value = new Map();
  }, [isOpen]);
  const idProblem = !isTaskId(id.value)
    ? t.form.problems['must be 1 to 40 of a–z, 0–9 and -']
    : isTaken(id.value)
      ? t.form.taken
      : problems.value.get('id');

  async function duplicate(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const copy = id.value;
    if (idProblem !== undefined || isBusy.value || !isTaskId(copy)) return;
    isBusy.value = true;
    const answer = await dashboard.duplicate(spec.id, copy, title.value);
    isBusy.value = false;
    if (answer.ok) {
      onClose();
      return dashboard.go(taskPlace(copy));
    }
    const { failure } = answer;
    const found = failure.reason === 'refused' ? failure.problems : [];
    const sentence = (message: string): string => t.form.problems[message] ?? message;
    if (found.length > 0) problems.value = new Map(found.map(({ path, message }) => [path, sentence(message)]));
    else problems.value = new Map([['id', failureSentence(failure)]]);
  }

  return (
    <Dialog
      isOpen={isOpen}
      title={t.settings.duplicateTitle}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {t.settings.cancel}
          </button>
          <button type="submit" form="duplicate" class="primary" disabled={isBusy.value}>
            {t.settings.duplicate}
          </button>
        </>
      }
    >
      <p class="muted">{t.settings.duplicateHelp}</p>
      <form id="duplicate" class="dialog-fields" noValidate onSubmit={duplicate}>
        <TextField
          label={t.settings.copyId}
          value={id.value}
          problem={idProblem}
          onChange={(value) => {
            id.value = value;
            problems.value = new Map();
          }}
        />
        <TextField
          label={t.settings.copyTitle}
          value={title.value}
          problem={problems.value.get('title')}
          onChange={(value) => {
            title.value = value;
            problems.value = new Map();
          }}
        />
      </form>
    </Dialog>
  );
}

export function ArchiveDialog({ task, isOpen, onClose }: TaskDialogProps): JSX.Element {
  const t = adminWords().settings;
  const { isBusy, give } = useOrders(task.picture.task);
  async function archive(): Promise<void> {
    if (await give({ kind: 'archive' })) showToast(t.archived);
    onClose();
  }
  return (
    <Dialog
      isOpen={isOpen}
      title={t.archiveTitle}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="button" class="primary" disabled={isBusy('archive')} onClick={archive}>
            {t.archive}
          </button>
        </>
      }
    >
      <p>{t.archiveLead}</p>
    </Dialog>
  );
}

export function DeleteDialog({ task, isOpen, onClose }: TaskDialogProps): JSX.Element {
  const t = adminWords().settings;
  const dashboard = useDashboard();
  const { id, title } = task.spec;
  const typed = useSignal('');
  const isBusy = useSignal(false);
  useEffect(() => {
    typed.value = '';
  }, [isOpen]);
  async function remove(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (typed.value !== id || isBusy.value) return;
    isBusy.value = true;
    const answer = await dashboard.remove(id);
    isBusy.value = false;
    if (answer.ok) showToast(t.removed(title));
    else showToast(failureSentence(answer.failure), 'problem');
    onClose();
  }
  return (
    <Dialog
      isOpen={isOpen}
      title={t.removeTitle}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="submit" form="delete-task" class="danger" disabled={typed.value !== id || isBusy.value}>
            {t.removeSubmit}
          </button>
        </>
      }
    >
      <p>{t.removeLead}</p>
      <form id="delete-task" class="dialog-fields" noValidate onSubmit={remove}>
        <TextField
          label={t.removeConfirm(id)}
          value={typed.value}
          onChange={(value) => {
            typed.value = value;
          }}
        />
      </form>
    </Dialog>
  );
}
