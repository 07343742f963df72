import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { TaskId } from '../../../shared/ids.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { TEMPLATES, type TemplateName } from '../../../shared/task/templates/index.ts';
import { FieldGroup, formatNumber, SelectField, showToast } from '../../ui/index.ts';
import { taskPlace } from '../address.ts';
import type { Failure } from '../api.ts';
import { failureSentence } from '../failure-sentence.ts';
import { useDashboard } from '../shown.ts';
import { adminWords } from '../words/index.ts';
import { type Draft, draftOf, freeId, idFrom, kindIn, valueAt, withValue } from './draft.ts';
import { byField, check, type FieldProblems } from './problems.ts';
import { type FieldPath, fieldsFor, SECTIONS } from './sections.ts';
import { SpecFieldInput } from './spec-field.tsx';
import { Summary } from './summary.tsx';

const COPY = 'copy';
type Start = TemplateName | typeof COPY;

/** The form for a task: every field of its spec, from a template or a copy of another task. */
export function NewTaskPage({ from }: { readonly from: TaskId | null }): JSX.Element {
  const dashboard = useDashboard();
  const t = adminWords();
  const original = from === null ? undefined : dashboard.details.value.get(from)?.spec;
  const isTaken = (id: string): boolean => dashboard.tasks.value?.has(id as TaskId) ?? false;
  const start = useSignal<Start>(original === undefined ? 'digits' : COPY);
  const draft = useSignal<Draft>(fresh(original ?? TEMPLATES.digits));
  /** Until the id is written by hand it follows the name. */
  const isIdOwn = useSignal(false);
  const refused = useSignal<FieldProblems>(new Map());
  const failure = useSignal<Failure | null>(null);
  const isBusy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (original !== undefined) begin(COPY);
  }, [original]);

  const checked = check(draft.value, isTaken);
  const problems: FieldProblems = new Map([...refused.value, ...(checked.ok ? [] : checked.problems)]);

  function fresh(spec: TaskSpec): Draft {
    return draftOf({ ...spec, id: freeId(spec.id, isTaken) as TaskId });
  }

  function begin(with_: Start): void {
    start.value = with_;
    draft.value = fresh(with_ === COPY ? (original ?? TEMPLATES.digits) : TEMPLATES[with_]);
    isIdOwn.value = false;
    refused.value = new Map();
    failure.value = null;
  }

  function onChange(next: Draft, path: FieldPath): void {
    if (path === 'id') isIdOwn.value = true;
    const follows = path === 'title' && !isIdOwn.value;
    const id = idFrom(String(next.spec['title'] ?? '')) || (start.value === COPY ? (from ?? 'task') : start.value);
    draft.value = follows ? { ...next, spec: withValue(next.spec, 'id', freeId(id, isTaken)) } : next;
    refused.value = new Map([...refused.value].filter(([field]) => field !== path));
    failure.value = null;
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (isBusy.value) return;
    if (!checked.ok) return focusFirst();
    isBusy.value = true;
    const answer = await dashboard.create(checked.spec, draft.value.weights);
    isBusy.value = false;
    if (answer.ok) {
      showToast(t.newTask.created(checked.spec.title));
      return dashboard.go(taskPlace(checked.spec.id));
    }
    const why = answer.failure;
    if (why.reason === 'refused' && why.code === 'taken') refused.value = new Map([['id', t.form.taken]]);
    else if (why.reason === 'refused' && why.problems.length > 0) refused.value = byField(why.problems, draft.value);
    else failure.value = why;
    requestAnimationFrame(focusFirst);
  }

  const focusFirst = (): void => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  function focusOn(path: FieldPath | ''): void {
    const field = form.current?.querySelector(`[data-field="${path}"]`);
    field?.querySelector<HTMLElement>('input, select, textarea')?.focus();
  }

  return (
    <main id="main" data-state="new-task" tabIndex={-1}>
      <h1>{t.newTask.title}</h1>
      <p class="muted new-task-lead">{t.newTask.lead}</p>
      <form class="new-task-form" ref={form} noValidate onSubmit={submit}>
        <div class="sections">
          <SelectField<Start>
            label={t.newTask.template}
            help={t.newTask.templateHelp}
            value={start.value}
            options={[
              ...(original === undefined ? [] : [{ value: COPY, name: t.newTask.copyOf(original.title) } as const]),
              ...Object.entries(TEMPLATES).map(([name, { title }]) => ({ value: name as TemplateName, name: title })),
            ]}
            onChange={begin}
          />
          {SECTIONS.map(({ name, fields }) => (
            <FieldGroup key={name} name={t.sections[name][0]} help={t.sections[name][1]}>
              {fieldsFor(fields, kindIn(draft.value), valueAt(draft.value.spec, 'strategy.name') === 'fedbuff').map(
                (field) => (
                  <SpecFieldInput
                    key={field.path}
                    field={field}
                    draft={draft.value}
                    problems={problems}
                    onChange={onChange}
                  />
                ),
              )}
            </FieldGroup>
          ))}
        </div>
        <aside class="card summary">
          <Summary draft={draft.value} />
          <div class="summary-problems" role="status">
            {problems.size === 0 ? (
              <p class="small ready">{t.newTask.ready}</p>
            ) : (
              <>
                <p class="small">{t.newTask.problems(formatNumber(problems.size))}</p>
                <ul class="plain-list small">
                  {[...problems].map(([path, problem]) => (
                    <li key={path}>
                      {path === '' ? (
                        problem
                      ) : (
                        <button type="button" class="text-button" onClick={() => focusOn(path)}>
                          {t.fields[path][0]}
                        </button>
                      )}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
          {failure.value && (
            <p class="notice problem" role="alert">
              {failureSentence(failure.value)}
            </p>
          )}
          <button type="submit" class="primary" disabled={isBusy.value}>
            {t.newTask.create}
          </button>
        </aside>
      </form>
    </main>
  );
}
