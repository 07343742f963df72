import type { PictureStyle } from '../../../shared/task/kinds/image.ts';
import { digitOf, type Ink, resample } from './digit.ts';

/** Pixels as `ImageData` has them: RGBA, one byte each, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

/**
 * A picture as one example of the given shape, uint8, or null where it is empty. Of a digit the ink is cut out and
 * centred as in MNIST, whether it is dark on light or light on dark. Of anything else, in one or three channels, the
 * middle of the picture is scaled to cover the shape; of an object what is like the border becomes 0.
 */
export function exampleOfPicture(picture: Picture, shape: readonly number[], style: PictureStyle): Uint8Array | null {
  const [height = 0, width = 0, channels = 0] = shape;
  if (channels !== 1 && channels !== 3) return null;
  if (style === 'digit') return digitOf(inkOf(picture));
  const planes = planesOf(picture, channels, style);
  const box = coveringBox(picture, width / height);
  // An ImageData has its sides on the prototype: a spread would lose them.
  const sides = { width: picture.width, height: picture.height };
  const scaled = planes.map((values) => resample({ ...sides, values }, box, width, height));
  const example = new Uint8Array(width * height * channels);
  scaled.forEach((values, channel) => {
    values.forEach((value, index) => {
      example[index * channels + channel] = Math.round(255 * value);
    });
  });
  return example;
}

function planesOf(picture: Picture, channels: 1 | 3, style: PictureStyle): readonly Float32Array[] {
  if (style === 'object') return [inkOf(picture).values];
  return channels === 1 ? [grey(picture)] : [0, 1, 2].map((channel) => plane(picture, channel));
}

/** What is unlike the border is ink; ITU-R BT.601 luma over white paper where the picture is see-through. */
export function inkOf(picture: Picture): Ink {
  const { width, height } = picture;
  const values = grey(picture);
  const paper = median(borderOf(values, width, height));
  let darkest = 1;
  let lightest = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value < darkest) darkest = value;
    if (value > lightest) lightest = value;
  }
  const reach = Math.max(paper - darkest, lightest - paper);
  // Paper that is not quite white, or a shadow across it, is still paper: ink is what reaches far from it.
  const sign = paper - darkest < lightest - paper ? 1 : -1;
  for (let at = 0; at < values.length; at++) {
    const ink = (sign * ((values[at] as number) - paper)) / reach;
    values[at] = reach < 0.1 || ink <= 0 ? 0 : Math.min(ink, 1);
  }
  return { width, height, values };
}

/** Over white paper where the picture is see-through. */
function plane({ data }: Picture, channel: number): Float32Array {
  const values = new Float32Array(data.length / 4);
  for (let at = 0; at < values.length; at++) {
    const alpha = (data[4 * at + 3] as number) / 255;
    values[at] = ((data[4 * at + channel] as number) / 255) * alpha + (1 - alpha);
  }
  return values;
}

function grey(picture: Picture): Float32Array {
  const red = plane(picture, 0);
  const green = plane(picture, 1);
  const blue = plane(picture, 2);
  for (let at = 0; at < red.length; at++)
    red[at] = 0.299 * (red[at] as number) + 0.587 * (green[at] as number) + 0.114 * (blue[at] as number);
  return red;
}

/** The first and last row, and the ends of those between. */
function borderOf(values: Float32Array, width: number, height: number): number[] {
  const border = [...values.subarray(0, width), ...values.subarray(width * Math.max(1, height - 1))];
  for (let y = 1; y < height - 1; y++) {
    border.push(values[y * width] as number);
    if (width > 1) border.push(values[(y + 1) * width - 1] as number);
  }
  return border;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 1;

function coveringBox({ width, height }: Picture, aspect: number) {
  const boxWidth = Math.min(width, height * aspect);
  const boxHeight = boxWidth / aspect;
  return { left: (width - boxWidth) / 2, top: (height - boxHeight) / 2, width: boxWidth, height: boxHeight };
}
