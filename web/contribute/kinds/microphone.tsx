import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SoundData } from '../../../shared/task/kinds/audio.ts';
import type { Microphone } from '../../data/import/microphone.ts';
import { inTurns } from '../../data/turns.ts';
import { showToast } from '../../ui/index.ts';
import { columnsOfImages } from '../example-images.ts';
import { contributeWords } from '../words/index.ts';
import { DeviceButton, DeviceDialog, type Opened, useDevice } from './device-dialog.tsx';
import type { BringProps } from './kind-view.ts';
import { LabelKeys } from './label-keys.tsx';
import { LiveSpectrogram } from './live-spectrogram.tsx';
import { Spectrogram } from './spectrogram.tsx';

/** After a press people need a moment before they speak. */
const MOMENT_MS = 600;

/** Step 1: each press of a label listens once and keeps what it heard under that label. */
export function MicrophoneButton({ contribution, data, isDisabled }: BringProps<'audio'>): JSX.Element {
  const t = contributeWords().microphone;
  const [armed, setArmed] = useState<number | null>(null);
  const view = contribution.examples.value;
  return (
    <DeviceButton icon="microphone" label={t.open} isDisabled={isDisabled}>
      {(close) => (
        <MicrophoneDialog lead={t.lead} data={data} onClose={close}>
          {(listen) => (
            <LabelKeys
              labels={data.labels}
              perLabel={view.kind === 'open' ? view.perLabel : []}
              armed={armed}
              onPress={async (label) => {
                if (armed !== null) return;
                setArmed(label);
                const features = await listen(t.say(data.labels[label] ?? ''));
                setArmed(null);
                if (features !== null) await contribution.addExamples(columnsOfImages([{ image: features, label }]));
              }}
            />
          )}
        </MicrophoneDialog>
      )}
    </DeviceButton>
  );
}

export interface TryMicrophoneProps {
  readonly data: SoundData;
  readonly onHeard: (features: Uint8Array) => void;
}

/** Step 3: a sound to try the model on. */
export function TryMicrophone({ data, onHeard }: TryMicrophoneProps): JSX.Element {
  const t = contributeWords().microphone;
  return (
    <DeviceButton icon="microphone" label={t.open} isDisabled={false}>
      {(close) => (
        <MicrophoneDialog lead={t.tryLead} data={data} onClose={close}>
          {(listen) => (
            <button
              type="button"
              class="primary"
              onClick={async () => {
                const features = await listen(t.sayAny);
                if (features === null) return;
                onHeard(features);
                close();
              }}
            >
              {t.listen}
            </button>
          )}
        </MicrophoneDialog>
      )}
    </DeviceButton>
  );
}

interface MicrophoneDialogProps {
  readonly lead: string;
  readonly data: SoundData;
  readonly onClose: () => void;
  /** What listens; `say` is shown meanwhile. It answers null where there was nothing to hear, and says so. */
  readonly children: (listen: (say: string) => Promise<Uint8Array | null>) => ComponentChildren;
}

async function openSounds(onEnded: () => void): Promise<Opened<Microphone>> {
  const { openMicrophone } = await import('../../data/import/microphone.ts');
  const opened = await openMicrophone(onEnded);
  return opened.ok ? { ok: true, device: opened.microphone } : opened;
}

function MicrophoneDialog({ lead, data, onClose, children }: MicrophoneDialogProps): JSX.Element {
  const t = contributeWords().microphone;
  const [said, setSaid] = useState<string | null>(null);
  const [last, setLast] = useState<Uint8Array | null>(null);
  const state = useDevice(openSounds);
  const microphone = state.kind === 'on' ? state.device : null;

  const listen = async (say: string): Promise<Uint8Array | null> => {
    setSaid(say);
    const { exampleSteps } = await import('../../../shared/audio/example.ts');
    const sound = (await microphone?.listen(data.clipMs + MOMENT_MS)) ?? null;
    setSaid(null);
    if (sound === null) return null;
    const example = await inTurns(exampleSteps(sound, data));
    if (!example.ok) {
      showToast(t.nothing);
      return null;
    }
    setLast(example.features);
    return example.features;
  };
  return (
    <DeviceDialog
      state={state}
      words={t}
      lead={lead}
      onClose={onClose}
      view={<LiveSpectrogram microphone={microphone} data={data} name={t.view} />}
      last={last && <Spectrogram features={last} bands={data.bands} />}
      saying={said}
    >
      {children(listen)}
    </DeviceDialog>
  );
}
