import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { SoundData } from '../../../shared/task/kinds/audio.ts';
import { formOf } from '../../../shared/task/kinds/index.ts';
import type { Microphone } from '../../data/import/microphone.ts';
import { drawSpectrogram } from './spectrogram.tsx';

/** Often enough to see one's voice, seldom enough to cost nothing. */
const EVERY_MS = 80;
/** For people who want nothing to move. */
const CALM_EVERY_MS = 1_000;

export interface LiveSpectrogramProps {
  /** null while it is not on. */
  readonly microphone: Microphone | null;
  readonly data: SoundData;
  /** The accessible name. */
  readonly name: string;
}

/** What the model would see of the last moments, as long as an example is. */
export function LiveSpectrogram({ microphone, data, name }: LiveSpectrogramProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [frames = 1, bands = 1] = formOf(data).shape;
  useEffect(() => {
    if (microphone === null) return;
    let timer: ReturnType<typeof setInterval> | undefined;
    let isGone = false;
    void watch(microphone);
    return () => {
      isGone = true;
      clearInterval(timer);
    };

    async function watch(on: Microphone): Promise<void> {
      const [{ featuresOfSamples }, { resample }, { SOUND_RATE }] = await Promise.all([
        import('../../../shared/audio/example.ts'),
        import('../../../shared/audio/resample.ts'),
        import('../../../shared/audio/frames.ts'),
      ]);
      if (isGone) return;
      const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      timer = setInterval(
        () => {
          if (canvas.current === null || document.hidden) return;
          const samples = resample(on.recent(data.clipMs), SOUND_RATE);
          drawSpectrogram(canvas.current, featuresOfSamples(samples, data), bands);
        },
        isCalm ? CALM_EVERY_MS : EVERY_MS,
      );
    }
  }, [microphone]);
  return <canvas class="sound-view" ref={canvas} width={frames} height={bands} role="img" aria-label={name} />;
}
