import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { labelsOf, type TaskData } from '../../shared/task/kinds/index.ts';
import { formatBytes, formatNumber, Icon, Table } from '../ui/index.ts';
import type { Contribution, ExamplesView } from './contribution.ts';
import { failureSentence } from './failure-sentence.ts';
import { viewOf } from './kinds/index.ts';
import { Step } from './step.tsx';
import { MORE_COUNT } from './stored-examples.ts';
import { contributeWords } from './words/index.ts';

/** Step 1: make, bring, take samples; look at what is there and remove it. */
export function Examples({ contribution }: { readonly contribution: Contribution }): JSX.Element {
  const t = contributeWords().examples;
  const view = contribution.examples.value;
  const isDamaged = view.kind === 'damaged';
  const data = contribution.task.participation?.data;
  const isBusy = contribution.presses.value.size > 0;
  // Many parts: they follow the examples, and not what is pressed.
  const stored = useMemo(
    () => data && <Stored contribution={contribution} data={data} view={view} />,
    [contribution, data, view],
  );
  return (
    <Step number={1} title={t.title} class="examples">
      {isDamaged && <Damaged contribution={contribution} />}
      {data && <Ways contribution={contribution} data={data} isDisabled={isBusy || isDamaged} />}
      {stored}
    </Step>
  );
}

interface OfKind {
  readonly contribution: Contribution;
  readonly data: TaskData;
}

/** The ways to come by examples. */
function Ways({ isDisabled, ...shared }: OfKind & { readonly isDisabled: boolean }): JSX.Element {
  const t = contributeWords().examples;
  const { contribution, data } = shared;
  const { Make, Import } = viewOf(data);
  return (
    <>
      {Make && <Make {...shared} isDisabled={isDisabled} />}
      <div class="row">
        <Import {...shared} isDisabled={isDisabled} />
        {data.sample && (
          <button type="button" disabled={isDisabled} onClick={() => contribution.addSamples()}>
            <Icon name="plus" />
            {contribution.presses.value.has('samples') ? t.sampleAdding : t.sample}
          </button>
        )}
      </div>
      {data.sample && t.sampleNotes[data.sample] && <p class="muted small">{t.sampleNotes[data.sample]}</p>}
    </>
  );
}

function Stored({ contribution, data, view }: OfKind & { readonly view: ExamplesView }): JSX.Element | null {
  const t = contributeWords().examples;
  switch (view.kind) {
    case 'closed':
      return view.remembered && view.remembered.count > 0 ? (
        <div class="row stored-hint">
          <span class="muted">{t.hint(formatNumber(view.remembered.count))}</span>
          <button type="button" class="quiet" onClick={() => contribution.showExamples()}>
            {t.show}
          </button>
        </div>
      ) : (
        <p class="muted small">{t.none[data.kind]}</p>
      );
    case 'opening':
      return <p class="muted small">{t.opening}</p>;
    case 'damaged':
      return null;
    case 'failed':
      return (
        <div class="notice problem" role="alert">
          <p>{failureSentence(view.reason)}</p>
          <div class="row">
            <button type="button" onClick={() => contribution.showExamples()}>
              {t.again}
            </button>
          </div>
        </div>
      );
    case 'open':
      return view.count === 0 ? (
        <p class="muted small">{t.none[data.kind]}</p>
      ) : (
        <Grid contribution={contribution} data={data} view={view} />
      );
  }
}

function Grid({ contribution, data, view }: OfKind & { readonly view: Extract<ExamplesView, { kind: 'open' }> }) {
  const t = contributeWords().examples;
  const list = useRef<HTMLUListElement>(null);
  const labels = labelsOf(data);
  const { Shown, nameOf, isList } = viewOf(data);
  const rest = view.count - view.shown.length;
  const remove = async (id: number, index: number): Promise<void> => {
    await contribution.removeExample(id);
    // Where the pressed button was, the next one is now.
    const buttons = list.current?.querySelectorAll('button') ?? [];
    buttons[Math.min(index, buttons.length - 1)]?.focus();
  };
  return (
    <>
      {view.isInMemory && <p class="notice">{t.closedStorage}</p>}
      <ul class={isList ? 'example-lines' : 'thumbnails'} ref={list} aria-label={t.list}>
        {view.shown.map((example, index) => (
          <li key={example.id}>
            <Shown data={data} example={example} />
            <span>{nameOf(data, example.target)}</span>
            <button
              type="button"
              aria-label={t.remove(nameOf(data, example.target))}
              onClick={() => remove(example.id, index)}
            >
              <Icon name="close" size={12} />
            </button>
          </li>
        ))}
      </ul>
      <div class="row stored-foot">
        <span class="muted small">{t.total(formatNumber(view.count), formatBytes(view.bytes))}</span>
        {rest > 0 && (
          <button type="button" class="quiet" onClick={() => contribution.showMore()}>
            {t.more(formatNumber(Math.min(rest, MORE_COUNT)))}
          </button>
        )}
      </div>
      {labels.length > 0 && (
        <div class="visually-hidden">
          <Table
            caption={t.counts}
            columns={[
              { name: t.labels, isHead: true, cell: (label: number) => labels[label] },
              { name: t.counts, isNumeric: true, cell: (label: number) => formatNumber(view.perLabel[label] ?? 0) },
            ]}
            rows={labels.map((_, label) => label)}
            keyOf={(label) => label}
          />
        </div>
      )}
    </>
  );
}

function Damaged({ contribution }: { contribution: Contribution }): JSX.Element {
  const t = contributeWords().examples;
  return (
    <div class="notice problem" role="alert">
      <p>
        <strong>{t.damaged}</strong> {t.damagedWhat}
      </p>
      <div class="row">
        <button type="button" disabled={contribution.presses.value.size > 0} onClick={() => contribution.repair()}>
          {t.repair}
        </button>
      </div>
    </div>
  );
}
