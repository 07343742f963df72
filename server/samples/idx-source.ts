import { type ExampleColumns, type ExampleForm, emptyColumns } from '../../shared/task/kinds/form.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { type IdxFile, openIdx } from './idx.ts';
import type { SampleSource } from './source.ts';

/** One part of a data set in the format of MNIST: the paths of its images and of their labels. */
export interface IdxPaths {
  readonly images: string;
  readonly labels: string;
}

/** Of ten things each: MNIST, and what was made in its image. */
const CLASSES = 10;
/** Reads in flight at once: enough to hide the disk, few enough to leave the thread pool to others. */
const READS_AT_ONCE = 16;

/** Sample data in two pairs of IDX files; `find` looks for them on this machine. */
export function idxSource(find: (part: 'train' | 't10k') => IdxPaths | null): SampleSource {
  return {
    isInstalled: () => find('train') !== null && find('t10k') !== null,
    async openTraining(data) {
      const opened = await open('train');
      if (opened === null) return null;
      const { images, labels } = opened;
      const close = async () => void (await Promise.all([images.close(), labels.close()]));
      const form = formOf(data);
      if (!isOf(images, form)) {
        await close();
        return null;
      }
      return {
        count: images.count,
        close,
        readAll: () => readAll(images, labels),
        async read(indices) {
          const columns = emptyColumns(form, indices.length);
          const label = new Uint8Array(indices.length);
          for (let first = 0; first < indices.length; first += READS_AT_ONCE) {
            const reads: Promise<void>[] = [];
            for (let at = first; at < Math.min(indices.length, first + READS_AT_ONCE); at++) {
              const index = indices[at] as number;
              reads.push(images.read(index, columns.features as Uint8Array, at * images.itemBytes));
              reads.push(labels.read(index, label, at));
            }
            await Promise.all(reads);
          }
          columns.targets.set(label);
          return columns;
        },
      };
    },
    async readHeldOut(data) {
      const opened = await open('t10k');
      if (opened === null) return null;
      const { images, labels } = opened;
      try {
        return isOf(images, formOf(data)) ? await readAll(images, labels) : null;
      } finally {
        await Promise.all([images.close(), labels.close()]);
      }
    },
  };

  async function open(part: 'train' | 't10k'): Promise<{ readonly images: IdxFile; readonly labels: IdxFile } | null> {
    const paths = find(part);
    if (paths === null) return null;
    const [images, labels] = await Promise.all([openIdx(paths.images), openIdx(paths.labels)]);
    if (images.count !== labels.count || images.shape.length !== 2) throw new Error('sample images and labels differ');
    return { images, labels };
  }
}

async function readAll(images: IdxFile, labels: IdxFile): Promise<ExampleColumns> {
  const [features, targets] = await Promise.all([images.readAll(), labels.readAll()]);
  return { features, targets: Uint16Array.from(targets) };
}

/** Are these images, and ten classes, what a task of this form takes? */
const isOf = (images: IdxFile, { shape, features, target }: ExampleForm): boolean =>
  features.type === 'uint8' &&
  target.type === 'class' &&
  target.count >= CLASSES &&
  shape.join() === [...images.shape, 1].join();
