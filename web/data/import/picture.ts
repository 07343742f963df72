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
  const darkest = values.reduce((least, value) => Math.min(least, value), 1);
  const lightest = values.reduce((most, value) => Math.max(most, value), 0);
  const reach = Math.max(paper - darkest, lightest - paper);
  // Paper that is not quite white, or a shadow across it, is still paper: ink is what reaches far from it.
  const isInverted = paper - darkest < lightest - paper;
  return {
    width,
    height,
    values: values.map((value) => {
      const ink = isInverted ? value - paper : paper - value;
      return reach < 0.1 ? 0 : Math.min(Math.max(ink / reach, 0), 1);
    }),
  };
}

const plane = ({ data }: Picture, channel: number): Float32Array =>
  Float32Array.from({ length: data.length / 4 }, (_, index) => {
    const alpha = (data[4 * index + 3] as number) / 255;
    return ((data[4 * index + channel] as number) / 255) * alpha + (1 - alpha);
  });

function grey(picture: Picture): Float32Array {
  const [red, green, blue] = [plane(picture, 0), plane(picture, 1), plane(picture, 2)];
  return red.map((value, index) => 0.299 * value + 0.587 * (green[index] as number) + 0.114 * (blue[index] as number));
}

function borderOf(values: Float32Array, width: number, height: number): number[] {
  const border: number[] = [];
  values.forEach((value, index) => {
    const x = index % width;
    const y = Math.floor(index / width);
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) border.push(value);
  });
  return border;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 1;

function coveringBox({ width, height }: Picture, aspect: number) {
  const boxWidth = Math.min(width, height * aspect);
  const boxHeight = boxWidth / aspect;
  return { left: (width - boxWidth) / 2, top: (height - boxHeight) / 2, width: boxWidth, height: boxHeight };
}
