import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import type { PictureData } from '../../shared/task/kinds/image.ts';
import type { DataOf, TaskData } from '../../shared/task/kinds/index.ts';
import { type DataFailure, dataFailure } from '../data/failure.ts';

/** One example as a site gives it. */
export interface Example {
  /**
   * Either whole numbers from 0 to 255, row by row, as many as the task's shape has; or a picture (`ImageData`), which
   * is made into an example as the contributor's page does it.
   */
  readonly image: ArrayLike<number> | ImageData;
  /** One of the task's labels, or its index. */
  readonly label: string | number;
}

type Columns = Promise<{ readonly ok: true; readonly columns: ExampleColumns } | DataFailure>;

/** What a site gives as an example, by the kind of the task's data. */
const READERS: { readonly [Kind in TaskData['kind']]: (examples: readonly Example[], data: DataOf<Kind>) => Columns } =
  {
    image: columnsOfPictures,
  };

/** As a dataset takes them; the first example that is none says why. */
export const columnsOfExamples = <Kind extends TaskData['kind']>(
  examples: readonly Example[],
  data: DataOf<Kind> & { readonly kind: Kind },
): Columns => READERS[data.kind](examples, data);

async function columnsOfPictures(examples: readonly Example[], { shape, labels }: PictureData): Columns {
  const size = shape.reduce((product, side) => product * side, 1);
  const columns = { features: new Uint8Array(size * examples.length), targets: new Uint16Array(examples.length) };
  for (const [index, { image, label }] of examples.entries()) {
    const bad = (what: string): DataFailure => dataFailure('bad-examples', `Example ${index}: ${what}.`);
    const place = typeof label === 'number' ? label : labels.indexOf(label);
    if (!Number.isInteger(place) || place < 0 || place >= labels.length) {
      return bad(`${JSON.stringify(label)} is none of the labels ${labels.join(', ')}, nor the index of one`);
    }
    const values = isPicture(image) ? await valuesOf(image, shape) : image;
    if (values === null) return bad('the picture is empty');
    if (values?.length !== size)
      return bad(`an image has ${shape.join(' × ')} values, not ${values?.length ?? 'none'}`);
    if (!areBytes(values)) return bad('values are whole numbers from 0 to 255');
    columns.features.set(values, index * size);
    columns.targets[index] = place;
  }
  return { ok: true, columns };
}

const isPicture = (image: Example['image']): image is ImageData =>
  typeof image === 'object' && image !== null && 'width' in image && 'data' in image;

async function valuesOf({ width, height, data }: ImageData, shape: readonly number[]): Promise<Uint8Array | null> {
  if (width < 1 || height < 1 || data.length !== width * height * 4) return null;
  const { exampleOfPicture } = await import('../data/import/picture.ts');
  return exampleOfPicture({ width, height, data: new Uint8ClampedArray(data) }, shape);
}

function areBytes(values: ArrayLike<number>): boolean {
  if (values instanceof Uint8Array || values instanceof Uint8ClampedArray) return true;
  return Array.from(values).every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
}
