import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { SoundData } from '../../../shared/task/kinds/audio.ts';
import type { DeviceFailure } from '../../data/import/device-failure.ts';
import type { Microphone } from '../../data/import/microphone.ts';
import { inTurns } from '../../data/turns.ts';
import { Dialog, Icon, showToast } from '../../ui/index.ts';
import { columnsOfImages } from '../example-images.ts';
import { contributeWords } from '../words/index.ts';
import type { BringProps } from './kind-view.ts';
import { LabelKeys } from './label-keys.tsx';
import { LiveSpectrogram } from './live-spectrogram.tsx';
import { Spectrogram } from './spectrogram.tsx';

/** After a press people need a moment before they speak. */
const MOMENT_MS = 600;

/** Step 1: each press of a label listens once and keeps what it heard under that label. */
export function MicrophoneButton({ contribution, data, isDisabled }: BringProps<'audio'>): JSX.Element {
  const t = contributeWords().microphone;
  const [isOpen, setOpen] = useState(false);
  const [armed, setArmed] = useState<number | null>(null);
  const view = contribution.examples.value;
  return (
    <>
      <OpenButton isDisabled={isDisabled} onPress={() => setOpen(true)} />
      {isOpen && (
        <MicrophoneDialog lead={t.lead} data={data} onClose={() => setOpen(false)}>
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
    </>
  );
}

export interface TryMicrophoneProps {
  readonly data: SoundData;
  readonly onHeard: (features: Uint8Array) => void;
}

/** Step 3: a sound to try the model on. */
export function TryMicrophone({ data, onHeard }: TryMicrophoneProps): JSX.Element {
  const t = contributeWords().microphone;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <OpenButton isDisabled={false} onPress={() => setOpen(true)} />
      {isOpen && (
        <MicrophoneDialog lead={t.tryLead} data={data} onClose={() => setOpen(false)}>
          {(listen) => (
            <button
              type="button"
              class="primary"
              onClick={async () => {
                const features = await listen(t.sayAny);
                if (features === null) return;
                onHeard(features);
                setOpen(false);
              }}
            >
              {t.listen}
            </button>
          )}
        </MicrophoneDialog>
      )}
    </>
  );
}

function OpenButton({ isDisabled, onPress }: { readonly isDisabled: boolean; readonly onPress: () => void }) {
  return (
    <button type="button" disabled={isDisabled} onClick={onPress}>
      <Icon name="microphone" />
      {contributeWords().microphone.open}
    </button>
  );
}

interface MicrophoneDialogProps {
  readonly lead: string;
  readonly data: SoundData;
  readonly onClose: () => void;
  /** What listens; `say` is shown meanwhile. It answers null where there was nothing to hear, and says so. */
  readonly children: (listen: (say: string) => Promise<Uint8Array | null>) => ComponentChildren;
}

type Shown = 'asking' | 'on' | DeviceFailure | 'ended';

/** On from the press that opens it until it is closed, however that happens. */
function MicrophoneDialog({ lead, data, onClose, children }: MicrophoneDialogProps): JSX.Element {
  const t = contributeWords().microphone;
  const open = useRef<Microphone | null>(null);
  const [shown, setShown] = useState<Shown>('asking');
  const [said, setSaid] = useState<string | null>(null);
  const [last, setLast] = useState<Uint8Array | null>(null);

  useEffect(() => {
    let isClosed = false;
    void start();
    return () => {
      isClosed = true;
      open.current?.close();
    };

    async function start(): Promise<void> {
      const { openMicrophone } = await import('../../data/import/microphone.ts');
      if (isClosed) return;
      const opened = await openMicrophone(() => {
        open.current?.close();
        if (!isClosed) setShown('ended');
      });
      // Closed while the browser asked: it goes off at once.
      if (opened.ok && isClosed) return opened.microphone.close();
      if (isClosed) return;
      if (opened.ok) open.current = opened.microphone;
      setShown(opened.ok ? 'on' : opened.reason);
    }
  }, []);

  const listen = async (say: string): Promise<Uint8Array | null> => {
    setSaid(say);
    const { exampleSteps } = await import('../../../shared/audio/example.ts');
    const sound = (await open.current?.listen(data.clipMs + MOMENT_MS)) ?? null;
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
    <Dialog
      isOpen
      title={t.title}
      onClose={onClose}
      actions={
        <button type="button" class="quiet" onClick={onClose}>
          {t.close}
        </button>
      }
    >
      <p class="muted small">{lead}</p>
      {shown !== 'on' && shown !== 'asking' && (
        <p class="notice problem" role="alert">
          {t.failures[shown]}
        </p>
      )}
      <div class="camera microphone" hidden={shown !== 'on' && shown !== 'asking'}>
        <LiveSpectrogram microphone={shown === 'on' ? open.current : null} data={data} name={t.view} />
        <figure class="camera-seen">
          {last && <Spectrogram features={last} bands={data.bands} />}
          <figcaption class="muted small">{last ? t.seen : t.unseen}</figcaption>
        </figure>
      </div>
      <p class="listening" role="status">
        {shown === 'asking' ? t.asking : shown === 'on' ? (said ?? t.on) : ''}
      </p>
      {shown === 'on' && children(listen)}
    </Dialog>
  );
}
