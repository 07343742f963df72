import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import { type PictureData, pictureStyle } from '../../shared/task/kinds/image.ts';
import type { ImageRead } from './contribution.ts';
import { rasterise, type Strokes } from './drawing.ts';

/** From what a person drew or chose to what the model sees. The code for it is fetched by the first press that needs it. */

/** null where nothing is drawn. */
export async function imageOfDrawing(strokes: Strokes, data: PictureData): Promise<Uint8Array | null> {
  if (pictureStyle(data) === 'digit') {
    const { digitOfStrokes } = await import('../data/import/drawing.ts');
    return digitOfStrokes(strokes, 1);
  }
  if (strokes.length === 0) return null;
  const { exampleOfPicture } = await import('../data/import/picture.ts');
  return exampleOfPicture(rasterise(strokes), data.shape, pictureStyle(data));
}

export async function imagesOfFiles(files: readonly File[], data: PictureData): Promise<readonly ImageRead[]> {
  const [{ readImageFile }, { exampleOfPicture }] = await Promise.all([
    import('../data/import/image-file.ts'),
    import('../data/import/picture.ts'),
  ]);
  const images: ImageRead[] = [];
  // One after the other: a decoded photo is 200 MB.
  for (const file of files) {
    const read = await readImageFile(file);
    const image = read.ok ? exampleOfPicture(read.picture, data.shape, pictureStyle(data)) : null;
    const isTooLarge = !read.ok && read.reason === 'too-large';
    images.push({ name: file.name, image, isTooLarge, guess: labelInName(file.name, data.labels) });
  }
  return images;
}

/** The one label that stands alone in a file's name: "7.png", "digit 7 (2).jpg"; null where none or several do. */
export function labelInName(name: string, labels: readonly string[]): number | null {
  const words = name
    .toLowerCase()
    .replace(/\.[a-z0-9]+$/, '')
    .split(/[^\p{L}\p{N}]+/u);
  const found = labels.flatMap((label, index) => (words.includes(label.toLowerCase()) ? [index] : []));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** As a dataset takes them. */
export function columnsOfImages(
  images: readonly { readonly image: Uint8Array; readonly label: number }[],
): ExampleColumns {
  const size = images[0]?.image.length ?? 0;
  const columns = { features: new Uint8Array(size * images.length), targets: new Uint16Array(images.length) };
  for (const [row, { image, label }] of images.entries()) {
    columns.features.set(image, row * size);
    columns.targets[row] = label;
  }
  return columns;
}
