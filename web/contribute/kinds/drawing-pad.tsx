import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { shownTheme } from '../../ui/index.ts';
import { drawStrokes, isEmptyDrawing, type Point, type Strokes } from '../drawing.ts';
import { contributeWords } from '../words/index.ts';

export interface DrawingPadProps {
  /** The accessible name. */
  readonly name: string;
  /** What is drawn; set to `[]` to clear. */
  readonly strokes: Signal<Strokes>;
  /** The pen was lifted. */
  readonly onLift?: () => void;
  /** Something is being drawn: what waited for the pen may wait on. */
  readonly onPen?: () => void;
}

const SIDE = 448;
const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};
const KEY_STEP = 1 / 24;

/** A square to draw in with pointer, finger or keys. */
export function DrawingPad({ name, strokes, onLift, onPen }: DrawingPadProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const helpId = useId();
  const [pen, setPen] = useState<{ at: Point; isDown: boolean } | null>(null);
  const pointer = useRef<number | null>(null);

  useLayoutEffect(() => {
    if (!canvas.current) return;
    // Setting the size empties it for certain: a software GPU was seen to skip a lone clearRect.
    canvas.current.width = SIDE;
    // The colour of an empty pad is not asked for: the page would be laid out for it.
    const context = isEmptyDrawing(strokes.value) && !pen ? null : canvas.current.getContext('2d');
    if (!context) return;
    context.strokeStyle = getComputedStyle(canvas.current).color;
    drawStrokes(context, strokes.value, SIDE);
    if (pen) drawPen(context, pen);
  }, [strokes.value, shownTheme.value, pen]);

  const begin = (at: Point): void => {
    strokes.value = [...strokes.peek(), [at]];
    onPen?.();
  };
  const extend = (points: readonly Point[]): void => {
    const last = strokes.peek().at(-1);
    if (last) strokes.value = [...strokes.peek().slice(0, -1), [...last, ...points]];
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = pen?.at ?? { x: 0.5, y: 0.5 };
    const move = KEYS[event.key];
    if (move) {
      const next = { x: clamp(at.x + move[0] * KEY_STEP), y: clamp(at.y + move[1] * KEY_STEP) };
      setPen({ at: next, isDown: pen?.isDown ?? false });
      if (pen?.isDown) extend([next]);
    } else if (event.key === ' ') {
      const isDown = !(pen?.isDown ?? false);
      setPen({ at, isDown });
      if (isDown) begin(at);
      else onLift?.();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      strokes.value = [];
      setPen({ at, isDown: false });
    } else return;
    event.preventDefault();
  };

  return (
    <>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: nothing else takes arrow keys for a pen. */}
      <canvas
        class="pad"
        ref={canvas}
        width={SIDE}
        height={SIDE}
        tabIndex={0}
        role="application"
        aria-label={name}
        aria-describedby={helpId}
        onPointerDown={(event) => {
          if (event.button !== 0 || pointer.current !== null) return;
          pointer.current = event.pointerId;
          event.currentTarget.setPointerCapture(event.pointerId);
          setPen(null);
          begin(pointIn(event));
        }}
        onPointerMove={(event) => {
          if (event.pointerId !== pointer.current) return;
          const events = event.getCoalescedEvents?.() ?? [];
          extend((events.length > 0 ? events : [event]).map((one) => pointIn(one, event.currentTarget)));
        }}
        onLostPointerCapture={(event) => {
          if (event.pointerId !== pointer.current) return;
          pointer.current = null;
          onLift?.();
        }}
        onKeyDown={onKeyDown}
        onBlur={() => {
          if (pen?.isDown) onLift?.();
          setPen(null);
        }}
      />
      <span class="visually-hidden" id={helpId}>
        {contributeWords().examples.keyboard}
      </span>
    </>
  );
}

/** Where the keyboard's pen is: a ring while lifted, a dot while it draws. */
function drawPen(context: CanvasRenderingContext2D, pen: { at: Point; isDown: boolean }): void {
  context.beginPath();
  context.arc(pen.at.x * SIDE, pen.at.y * SIDE, SIDE * 0.035, 0, 2 * Math.PI);
  context.lineWidth = 3;
  if (pen.isDown) context.fill();
  context.stroke();
}

function pointIn(event: PointerEvent, element = event.currentTarget as HTMLElement): Point {
  const box = element.getBoundingClientRect();
  return { x: clamp((event.clientX - box.left) / box.width), y: clamp((event.clientY - box.top) / box.height) };
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));
