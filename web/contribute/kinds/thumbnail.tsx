import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { shownTheme } from '../../ui/index.ts';
import { inkOf } from './ink.ts';

/** One example as the model sees it: grey images in the page's ink on its paper, colours as they are. */
export function Thumbnail({
  image,
  shape,
}: {
  readonly image: Uint8Array;
  readonly shape: readonly number[];
}): JSX.Element {
  const [height = 1, width = 1, channels = 1] = shape;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current) return;
    const pixels = context.createImageData(width, height);
    const ink = channels === 1 ? inkOf(canvas.current) : null;
    for (let at = 0; at < width * height; at++) {
      const value = image[at * channels] ?? 0;
      pixels.data[at * 4] = ink?.[0] ?? value;
      pixels.data[at * 4 + 1] = ink?.[1] ?? image[at * channels + 1] ?? 0;
      pixels.data[at * 4 + 2] = ink?.[2] ?? image[at * channels + 2] ?? 0;
      pixels.data[at * 4 + 3] = ink ? value : 255;
    }
    context.putImageData(pixels, 0, 0);
  }, [image, width, height, channels, shownTheme.value]);
  return <canvas class="thumbnail" ref={canvas} width={width} height={height} />;
}
