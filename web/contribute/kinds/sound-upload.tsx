import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../ui/index.ts';
import { columnsOfImages } from '../example-images.ts';
import { soundsOfFiles } from '../example-sounds.ts';
import { contributeWords } from '../words/index.ts';
import { AskLabels, type Unlabelled } from './ask-labels.tsx';
import type { BringProps } from './kind-view.ts';
import { Spectrogram } from './spectrogram.tsx';

/** Step 1: chooses files, shows what the model will see of them, and asks what they are. */
export function SoundUpload({ contribution, data, isDisabled }: BringProps<'audio'>): JSX.Element {
  const t = contributeWords().sound;
  const [sounds, setSounds] = useState<readonly Unlabelled[]>([]);
  return (
    <>
      <ChooseSounds isDisabled={isDisabled} data={data} onChosen={setSounds} />
      {sounds.length > 0 && (
        <AskLabels
          title={t.title}
          lead={t.lead}
          each={t.each}
          labels={data.labels}
          items={sounds}
          shown={(features) => <Spectrogram features={features} bands={data.bands} />}
          onAdd={(chosen) =>
            void contribution.addExamples(
              columnsOfImages(chosen.map(({ features, label }) => ({ image: features, label }))),
            )
          }
          onClose={() => setSounds([])}
        />
      )}
    </>
  );
}

export interface ChooseSoundsProps extends Pick<BringProps<'audio'>, 'data' | 'isDisabled'> {
  readonly isOne?: boolean;
  /** At least one of the files was a sound. */
  readonly onChosen: (sounds: readonly Unlabelled[]) => void;
}

export function ChooseSounds({ data, isDisabled, isOne = false, onChosen }: ChooseSoundsProps): JSX.Element {
  const t = contributeWords().sound;
  const input = useRef<HTMLInputElement>(null);
  const [isReading, setReading] = useState(false);
  const choose = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    setReading(true);
    const sounds = await soundsOfFiles(files, data);
    setReading(false);
    if (sounds.length > 0) onChosen(sounds);
  };
  return (
    <>
      <button type="button" disabled={isDisabled || isReading} onClick={() => input.current?.click()}>
        <Icon name="upload" />
        {isReading ? t.reading : t.upload}
      </button>
      <input
        class="visually-hidden"
        ref={input}
        type="file"
        accept="audio/*,.wav"
        multiple={!isOne}
        tabIndex={-1}
        aria-label={isOne ? t.oneFile : t.soundFiles}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          void choose(files);
        }}
      />
    </>
  );
}
