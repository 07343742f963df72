import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatBytes, formatNumber, formatShare, Icon, Table } from '../ui/index.ts';
import type { Contribution, ExamplesView } from './contribution.ts';
import { isEmptyDrawing, type Strokes } from './drawing.ts';
import { DrawingPad } from './drawing-pad.tsx';
import { failureSentence } from './failure-sentence.ts';
import { LabelKeys } from './labels.tsx';
import { Step } from './step.tsx';
import { MORE_COUNT } from './stored-examples.ts';
import { Thumbnail } from './thumbnail.tsx';
import { UploadButton } from './upload.tsx';
import { contributeWords } from './words/index.ts';

/** With a label chosen first, a drawing counts as finished after this long without the pen. */
const FINISHED_AFTER_MS = 1_200;

interface ExamplesProps {
  readonly contribution: Contribution;
  readonly strokes: Signal<Strokes>;
}

/** Step 1: draw, upload, take samples; look at what is there and remove it. */
export function Examples({ contribution, strokes }: ExamplesProps): JSX.Element {
  const t = contributeWords().examples;
  const view = contribution.examples.value;
  const participation = contribution.task.participation;
  const isDamaged = view.kind === 'damaged';
  const presses = contribution.presses.value;
  const isBusy = presses.size > 0;
  return (
    <Step number={1} title={t.title} class="examples">
      {isDamaged && <Damaged contribution={contribution} />}
      {participation && (
        <>
          <Draw contribution={contribution} strokes={strokes} labels={participation.data.labels} />
          <div class="row">
            <UploadButton contribution={contribution} isDisabled={isBusy || isDamaged} />
            {participation.data.sample && (
              <button type="button" disabled={isBusy || isDamaged} onClick={() => contribution.addSamples()}>
                <Icon name="plus" />
                {presses.has('samples') ? t.sampleAdding : t.sample}
              </button>
            )}
          </div>
          <Stored contribution={contribution} view={view} />
        </>
      )}
    </Step>
  );
}

function Draw({ contribution, strokes, labels }: ExamplesProps & { readonly labels: readonly string[] }): JSX.Element {
  const t = contributeWords().examples;
  const view = contribution.examples.value;
  const [armed, setArmed] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const keep = async (label: number): Promise<void> => {
    clearTimeout(timer.current);
    const drawn = strokes.peek();
    strokes.value = [];
    if (!(await contribution.addDrawing(drawn, label)) && isEmptyDrawing(strokes.peek())) strokes.value = drawn;
  };
  const press = (label: number): void => {
    if (!isEmptyDrawing(strokes.peek())) void keep(label);
    else setArmed(armed === label ? null : label);
  };
  const lifted = (): void => {
    void contribution.predict(strokes.peek());
    if (armed !== null) timer.current = setTimeout(() => void keep(armed), FINISHED_AFTER_MS);
  };

  const armedName = armed === null ? null : (labels[armed] ?? null);
  return (
    <div class="draw">
      <div class="draw-pad">
        <DrawingPad name={t.draw} strokes={strokes} onLift={lifted} onPen={() => clearTimeout(timer.current)} />
        <span class="pad-hint" aria-hidden="true">
          {isEmptyDrawing(strokes.value) && t.draw}
        </span>
      </div>
      <div class="draw-side">
        <p class="muted small">{armedName === null ? t.drawHow : t.armed(armedName)}</p>
        <LabelKeys labels={labels} perLabel={view.kind === 'open' ? view.perLabel : []} armed={armed} onPress={press} />
        <div class="row draw-foot">
          <button
            type="button"
            class="quiet"
            disabled={isEmptyDrawing(strokes.value)}
            onClick={() => {
              clearTimeout(timer.current);
              strokes.value = [];
            }}
          >
            <Icon name="eraser" />
            {t.clear}
          </button>
          <Guess contribution={contribution} labels={labels} isShown={!isEmptyDrawing(strokes.value)} />
        </div>
      </div>
    </div>
  );
}

/** While the model is loaded ("Try it"), it says what it takes the drawing for. */
function Guess(props: { contribution: Contribution; labels: readonly string[]; isShown: boolean }): JSX.Element | null {
  const trial = props.contribution.trial.value;
  if (!props.isShown || trial.kind !== 'open' || trial.scores === null) return null;
  const share = Math.max(...trial.scores);
  const label = props.labels[trial.scores.indexOf(share)] ?? '';
  return (
    <span class="muted small">
      {contributeWords().tryIt.looksLike(label)} {formatShare(share, 0)}
    </span>
  );
}

function Stored({ contribution, view }: { contribution: Contribution; view: ExamplesView }): JSX.Element | null {
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
        <p class="muted small">{t.none}</p>
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
      return view.count === 0 ? <p class="muted small">{t.none}</p> : <Grid contribution={contribution} view={view} />;
  }
}

function Grid({ contribution, view }: { contribution: Contribution; view: Extract<ExamplesView, { kind: 'open' }> }) {
  const t = contributeWords().examples;
  const list = useRef<HTMLUListElement>(null);
  const data = contribution.task.participation?.data;
  const labels: readonly string[] = data?.labels ?? [];
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
      <ul class="thumbnails" ref={list} aria-label={t.list}>
        {view.shown.map(({ id, image, label }, index) => (
          <li key={id}>
            <Thumbnail image={image} shape={data?.shape ?? []} />
            <span>{labels[label]}</span>
            <button type="button" aria-label={t.remove(labels[label] ?? '')} onClick={() => remove(id, index)}>
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
