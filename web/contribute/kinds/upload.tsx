import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { PictureData } from '../../../shared/task/kinds/image.ts';
import { Dialog, formatNumber, Icon, SelectField, showToast } from '../../ui/index.ts';
import type { Contribution, ImageRead } from '../contribution.ts';
import { contributeWords } from '../words/index.ts';
import type { BringProps } from './kind-view.ts';
import { Thumbnail } from './thumbnail.tsx';

type Readable = ImageRead & { readonly image: Uint8Array };

/** Chooses files, shows what the model will see of them, and asks what they are. */
export function UploadButton({ contribution, data, isDisabled }: BringProps<'image'>): JSX.Element {
  const words = contributeWords();
  const input = useRef<HTMLInputElement>(null);
  const [images, setImages] = useState<readonly Readable[] | null>(null);

  const choose = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    const read = await contribution.readImages(files);
    const readable = read.filter((one): one is Readable => one.image !== null);
    if (readable.length === 0) showToast(words.examples.noneReadable, 'problem');
    else {
      if (readable.length < read.length) {
        showToast(words.examples.unreadable(formatNumber(read.length - readable.length)), 'problem');
      }
      setImages(readable);
    }
  };

  return (
    <>
      <button type="button" disabled={isDisabled} onClick={() => input.current?.click()}>
        <Icon name="upload" />
        {contribution.presses.value.has('images') ? words.upload.reading : words.examples.upload}
      </button>
      <input
        class="visually-hidden"
        ref={input}
        type="file"
        accept="image/*"
        multiple
        tabIndex={-1}
        aria-label={words.examples.files}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          void choose(files);
        }}
      />
      {images && <Ask contribution={contribution} data={data} images={images} onClose={() => setImages(null)} />}
    </>
  );
}

interface AskProps {
  readonly contribution: Contribution;
  readonly data: PictureData;
  readonly images: readonly Readable[];
  readonly onClose: () => void;
}

function Ask({ contribution, data, images, onClose }: AskProps): JSX.Element {
  const words = contributeWords().upload;
  const [chosen, setChosen] = useState<readonly (number | null)[]>(images.map(({ guess }) => guess));
  const options = [
    { value: '', name: words.choose },
    ...data.labels.map((name, label) => ({ value: String(label), name })),
  ];
  const labelOf = (value: string): number | null => (value === '' ? null : Number(value));
  const isAll = chosen.every((label) => label === chosen[0]);
  const add = (): void => {
    onClose();
    void contribution.addImages(
      images.flatMap(({ image }, index) => {
        const label = chosen[index];
        return label === null || label === undefined ? [] : [{ image, label }];
      }),
    );
  };
  return (
    <Dialog
      isOpen
      title={words.title}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {words.cancel}
          </button>
          <button type="button" class="primary" disabled={chosen.includes(null)} onClick={add}>
            {words.add}
          </button>
        </>
      }
    >
      <p class="muted small">{words.lead}</p>
      {images.length > 1 && (
        <SelectField
          label={words.all}
          value={isAll ? String(chosen[0] ?? '') : ''}
          options={options}
          onChange={(value) => setChosen(images.map(() => labelOf(value)))}
        />
      )}
      <ul class="upload-list">
        {images.map(({ name, image }, index) => (
          <li key={`${name}-${String(index)}`}>
            <Thumbnail image={image} shape={data.shape} />
            <SelectField
              label={words.each(name)}
              value={String(chosen[index] ?? '')}
              options={options}
              onChange={(value) => setChosen(chosen.map((old, at) => (at === index ? labelOf(value) : old)))}
            />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
