import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { formatDuration, formatTime } from '../../ui/index.ts';
import { CopiedText } from '../copied-text.tsx';
import { valueAt } from '../new-task/draft.ts';
import { plainNumber } from '../new-task/problems.ts';
import { type FieldPath, fieldsFor, SECTIONS, type SpecField } from '../new-task/sections.ts';
import { choiceName } from '../new-task/spec-field.tsx';
import { type ShownTask, useDashboard } from '../shown.ts';
import { adminWords } from '../words/index.ts';
import { contributePage } from './invitation.tsx';
import { ArchiveDialog, DeleteDialog, DuplicateDialog } from './task-dialogs.tsx';

/** The spec to read, and what can be done with the task as a whole. */
export function Settings({ task }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords();
  const { spec } = task;
  return (
    <>
      <p class="muted">
        {t.settings.lead} {t.settings.created(formatTime(task.createdAt))}
      </p>
      <div class="settings">
        {SECTIONS.map(({ name, fields }) => (
          <section class="card" key={name}>
            <h2>{t.sections[name][0]}</h2>
            <dl class="spec">
              {fieldsFor(fields, spec.data.kind, spec.strategy.name === 'fedbuff')
                .flatMap((field) => rowsOf(field, spec))
                .map(([label, value]) => (
                  <div key={label}>
                    <dt>{label}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
            </dl>
            {name === 'access' && spec.access.joinToken !== undefined && (
              <>
                <h3>{t.settings.joinLink}</h3>
                <CopiedText name={t.settings.joinLink} text={contributePage(spec, location.origin)} />
              </>
            )}
          </section>
        ))}
      </div>
      <Actions task={task} />
    </>
  );
}

type Row = [label: string, value: JSX.Element | string];

function rowsOf({ path, kind }: SpecField, spec: TaskSpec): Row[] {
  const t = adminWords();
  const label = (of: FieldPath): string => t.fields[of][0];
  const value = valueAt(spec, path);
  if (kind === 'amount') {
    const { epochs, maxSteps } = spec.client;
    return maxSteps === undefined
      ? [[label('client.epochs'), plainNumber(epochs ?? 1)]]
      : [[label('client.maxSteps'), plainNumber(maxSteps)]];
  }
  if (kind === 'model' && !('zoo' in spec.model)) {
    const { topology, weights } = spec.model;
    const rows: Row[] = [[label('model.topology'), <code key="topology">{JSON.stringify(topology)}</code>]];
    return weights === undefined ? rows : [...rows, [label('model.weights'), <code key="weights">{weights}</code>]];
  }
  if (kind === 'secret') return [[label(path), value === undefined ? t.settings.none : t.settings.closed]];
  if (kind === 'flag') return [[label(path), value === true ? t.settings.yes : t.settings.no]];
  if (kind === 'seconds') return [[label(path), formatDuration(Number(value))]];
  if (kind === 'json') return [[label(path), <code key={path}>{JSON.stringify(value)}</code>]];
  if (Array.isArray(value)) {
    const text = value.join(kind === 'shape' ? ' × ' : ', ');
    return [[label(path), text === '' ? t.settings.none : text]];
  }
  if (typeof value === 'number') return [[label(path), plainNumber(value)]];
  if (path === 'id') return [[label(path), <code key="id">{spec.id}</code>]];
  if (path === 'title' || path === 'data.target.name') return [[label(path), String(value)]];
  return [[label(path), value === undefined ? t.settings.none : choiceName(path, String(value))]];
}

function Actions({ task }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords().settings;
  const { go } = useDashboard();
  const { picture } = task;
  const open = useSignal<'duplicate' | 'archive' | 'delete' | null>(null);
  const close = (): void => {
    open.value = null;
  };
  const isRunning = picture.status.state === 'running' || picture.status.round !== null;
  return (
    <section class="card">
      <h2>{t.actions}</h2>
      <ul class="actions-list">
        <li>
          <p>{t.duplicateHelp}</p>
          <div class="row">
            <button type="button" class="quiet" onClick={() => go({ kind: 'new', from: picture.task })}>
              {t.editCopy}
            </button>
            <button
              type="button"
              onClick={() => {
                open.value = 'duplicate';
              }}
            >
              {t.duplicate}
            </button>
          </div>
        </li>
        {!picture.archived && (
          <li>
            <p>{isRunning ? t.archiveWait : t.archiveHelp}</p>
            <button
              type="button"
              disabled={isRunning}
              onClick={() => {
                open.value = 'archive';
              }}
            >
              {t.archive}
            </button>
          </li>
        )}
        <li>
          <p>{t.removeHelp}</p>
          <button
            type="button"
            class="danger"
            onClick={() => {
              open.value = 'delete';
            }}
          >
            {t.remove}
          </button>
        </li>
      </ul>
      <DuplicateDialog task={task} isOpen={open.value === 'duplicate'} onClose={close} />
      <ArchiveDialog task={task} isOpen={open.value === 'archive'} onClose={close} />
      <DeleteDialog task={task} isOpen={open.value === 'delete'} onClose={close} />
    </section>
  );
}
