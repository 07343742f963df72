import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { formatNumber, Icon, showToast } from '../../ui/index.ts';
import type { ImageRead } from '../contribution.ts';
import { contributeWords } from '../words/index.ts';
import { AskLabels } from './ask-labels.tsx';
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
    const tooLarge = read.filter(({ isTooLarge }) => isTooLarge).length;
    const unreadable = read.length - readable.length - tooLarge;
    if (tooLarge > 0) showToast(words.examples.tooLarge(formatNumber(tooLarge)), 'problem');
    if (unreadable === read.length) showToast(words.examples.noneReadable, 'problem');
    else if (unreadable > 0) showToast(words.examples.unreadable(formatNumber(unreadable)), 'problem');
    if (readable.length > 0) setImages(readable);
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
      {images && (
        <AskLabels
          title={words.upload.title}
          lead={words.upload.lead}
          each={words.upload.each}
          labels={data.labels}
          items={images.map(({ name, image, guess }) => ({ name, features: image, guess }))}
          shown={(image) => <Thumbnail image={image} shape={data.shape} />}
          onAdd={(chosen) =>
            void contribution.addImages(chosen.map(({ features, label }) => ({ image: features, label })))
          }
          onClose={() => setImages(null)}
        />
      )}
    </>
  );
}
