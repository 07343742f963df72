import type { ComponentChildren, JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type PictureData, pictureStyle } from '../../../shared/task/kinds/image.ts';
import { showToast } from '../../ui/index.ts';
import { columnsOfImages } from '../example-images.ts';
import { contributeWords } from '../words/index.ts';
import { DeviceButton, DeviceDialog, type Opened, useDevice } from './device-dialog.tsx';
import type { BringProps } from './kind-view.ts';
import { LabelKeys } from './label-keys.tsx';
import { Thumbnail } from './thumbnail.tsx';

/** Step 1: each press of a label takes one picture and keeps it under that label. */
export function CameraButton({ contribution, data, isDisabled }: BringProps<'image'>): JSX.Element {
  const t = contributeWords().camera;
  const view = contribution.examples.value;
  return (
    <DeviceButton icon="camera" label={t.open} isDisabled={isDisabled}>
      {(close) => (
        <CameraDialog lead={t.lead} data={data} onClose={close}>
          {(take) => (
            <LabelKeys
              labels={data.labels}
              perLabel={view.kind === 'open' ? view.perLabel : []}
              armed={null}
              onPress={(label) => {
                const image = take();
                if (image !== null) void contribution.addExamples(columnsOfImages([{ image, label }]));
              }}
            />
          )}
        </CameraDialog>
      )}
    </DeviceButton>
  );
}

/** Step 3: a picture to try the model on. */
export function TryCamera({ contribution, data }: Pick<BringProps<'image'>, 'contribution' | 'data'>): JSX.Element {
  const t = contributeWords().camera;
  return (
    <DeviceButton icon="camera" label={t.open} isDisabled={false}>
      {(close) => (
        <CameraDialog lead={t.tryLead} data={data} onClose={close}>
          {(take) => (
            <button
              type="button"
              class="primary"
              onClick={() => {
                const image = take();
                if (image === null) return;
                void contribution.predict(image);
                close();
              }}
            >
              {t.take}
            </button>
          )}
        </CameraDialog>
      )}
    </DeviceButton>
  );
}

interface CameraDialogProps {
  readonly lead: string;
  readonly data: PictureData;
  readonly onClose: () => void;
  /** What takes pictures; `take` answers null where there is nothing to see yet. */
  readonly children: (take: () => Uint8Array | null) => ComponentChildren;
}

/** The open camera, and how an example is made of what it shows. */
interface Pictures {
  close(): void;
  /** null where there is nothing to see. */
  take(): Uint8Array | null;
}

async function openPictures(
  video: () => HTMLVideoElement | null,
  data: PictureData,
  onEnded: () => void,
): Promise<Opened<Pictures>> {
  const [{ openCamera }, { exampleOfPicture }] = await Promise.all([
    import('../../data/import/camera.ts'),
    import('../../data/import/picture.ts'),
  ]);
  const opened = await openCamera(onEnded);
  if (!opened.ok) return opened;
  const { camera } = opened;
  try {
    const shown = video();
    if (shown !== null) await camera.show(shown);
  } catch {
    camera.close();
    return { ok: false, reason: 'failed' };
  }
  return {
    ok: true,
    device: {
      close: () => camera.close(),
      take() {
        const shown = video();
        const frame = shown && camera.take(shown);
        return frame && exampleOfPicture(frame, data.shape, pictureStyle(data));
      },
    },
  };
}

function CameraDialog({ lead, data, onClose, children }: CameraDialogProps): JSX.Element {
  const t = contributeWords().camera;
  const video = useRef<HTMLVideoElement>(null);
  const [last, setLast] = useState<Uint8Array | null>(null);
  const state = useDevice((onEnded) => openPictures(() => video.current, data, onEnded));

  const take = (): Uint8Array | null => {
    const image = state.kind === 'on' ? state.device.take() : null;
    if (image === null) showToast(t.nothing);
    else setLast(image);
    return image;
  };
  return (
    <DeviceDialog
      state={state}
      words={t}
      lead={lead}
      onClose={onClose}
      view={<video class="camera-view" ref={video} muted playsInline aria-label={t.view} />}
      last={last && <Thumbnail image={last} shape={data.shape} />}
    >
      {children(take)}
    </DeviceDialog>
  );
}
