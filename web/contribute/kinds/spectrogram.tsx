import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { shownTheme } from '../../ui/index.ts';
import { inkOf } from './ink.ts';

export interface SpectrogramProps {
  /** A byte for each band of each window, the lowest band first. */
  readonly features: Uint8Array;
  readonly bands: number;
}

/** A sound as the model sees it: time to the right, high tones on top, the louder the darker (on dark paper the lighter). */
export function Spectrogram({ features, bands }: SpectrogramProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frames = Math.max(1, features.length / bands);
  useEffect(() => {
    if (canvas.current) drawSpectrogram(canvas.current, features, bands);
  }, [features, bands, shownTheme.value]);
  return <canvas class="thumbnail spectrogram" ref={canvas} width={frames} height={bands} />;
}

/** The canvas has a pixel for each band of each window; windows that are not there yet stay empty, on the left. */
export function drawSpectrogram(canvas: HTMLCanvasElement, features: Uint8Array, bands: number): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { width, height } = canvas;
  const pixels = context.createImageData(width, height);
  const [red, green, blue] = inkOf(canvas);
  const frames = Math.min(width, features.length / bands);
  for (let frame = 0; frame < frames; frame++) {
    for (let band = 0; band < bands; band++) {
      const at = (height - 1 - band) * width + (width - frames + frame);
      pixels.data.set([red, green, blue, features[frame * bands + band] as number], at * 4);
    }
  }
  context.putImageData(pixels, 0, 0);
}
