import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatShare, Icon } from '../../ui/index.ts';
import type { Contribution } from '../contribution.ts';
import { isEmptyDrawing, type Strokes } from '../drawing.ts';
import { imageOfDrawing } from '../example-images.ts';
import { contributeWords } from '../words/index.ts';
import { CameraButton, TryCamera } from './camera.tsx';
import { ClassAnswer } from './class-answer.tsx';
import { DrawingPad } from './drawing-pad.tsx';
import type { BringProps, KindView } from './kind-view.ts';
import { LabelKeys } from './label-keys.tsx';
import { Thumbnail } from './thumbnail.tsx';
import { UploadButton } from './upload.tsx';

/** With a label chosen first, a drawing counts as finished after this long without the pen. */
const FINISHED_AFTER_MS = 1_200;

export const imageView: KindView<'image'> = {
  Make: Draw,
  Import: (props) => (
    <>
      <UploadButton {...props} />
      <CameraButton {...props} />
    </>
  ),
  Shown: ({ data, example: { features } }) => <Thumbnail image={features as Uint8Array} shape={data.shape} />,
  nameOf: ({ labels }, label) => labels[label] ?? '',
  Try: TryPicture,
};

/** Draw one and say what it is. */
function Draw({ contribution, data }: BringProps<'image'>): JSX.Element {
  const { labels } = data;
  const t = contributeWords().examples;
  const view = contribution.examples.value;
  const strokes = useSignal<Strokes>([]);
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
    void contribution.predict(imageOfDrawing(strokes.peek(), data));
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

/** A pad and a camera to try the model on. */
function TryPicture({ contribution, data, trial }: Parameters<KindView<'image'>['Try']>[0]) {
  const t = contributeWords().tryIt;
  const strokes: Signal<Strokes> = useSignal<Strokes>([]);
  useSignalEffect(() => {
    if (isEmptyDrawing(strokes.value)) void contribution.predict(null);
  });
  return (
    <div class="try-grid">
      <div class="try-pad">
        <DrawingPad
          name={t.pad}
          strokes={strokes}
          onLift={() => void contribution.predict(imageOfDrawing(strokes.peek(), data))}
        />
        <button
          type="button"
          class="quiet"
          disabled={isEmptyDrawing(strokes.value)}
          onClick={() => {
            strokes.value = [];
          }}
        >
          <Icon name="eraser" />
          {t.clear}
        </button>
        <TryCamera contribution={contribution} data={data} />
      </div>
      <ClassAnswer trial={trial} labels={data.labels} ask={t.draw} />
    </div>
  );
}
