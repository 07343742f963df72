import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { contributeWords } from '../words/index.ts';
import { ClassAnswer } from './class-answer.tsx';
import type { KindView } from './kind-view.ts';
import { MicrophoneButton, TryMicrophone } from './microphone.tsx';
import { ChooseSounds, SoundUpload } from './sound-upload.tsx';
import { Spectrogram } from './spectrogram.tsx';

export const audioView: KindView<'audio'> = {
  Import: (props) => (
    <>
      <MicrophoneButton {...props} />
      <SoundUpload {...props} />
    </>
  ),
  Shown: ({ data, example: { features } }) => <Spectrogram features={features as Uint8Array} bands={data.bands} />,
  nameOf: ({ labels }, label) => labels[label] ?? '',
  Try: TrySound,
};

/** A microphone and a file to try the model on. */
function TrySound({ contribution, data, trial }: Parameters<KindView<'audio'>['Try']>[0]): JSX.Element {
  const { sound: t, tryIt } = contributeWords();
  const [heard, setHeard] = useState<Uint8Array | null>(null);
  const predict = (features: Uint8Array): void => {
    setHeard(features);
    void contribution.predict(features);
  };
  return (
    <div class="try-grid">
      <div class="try-pad">
        {heard === null ? <div class="thumbnail" /> : <Spectrogram features={heard} bands={data.bands} />}
        <div class="row">
          <TryMicrophone data={data} onHeard={predict} />
          <ChooseSounds data={data} isDisabled={false} isOne onChosen={([sound]) => sound && predict(sound.features)} />
        </div>
      </div>
      <ClassAnswer
        trial={trial}
        labels={data.labels}
        ask={t.ask}
        say={(word, share) => (share >= 0.5 ? tryIt.soundsLike(word) : tryIt.soundsMaybe(word))}
      />
    </div>
  );
}
