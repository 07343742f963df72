import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type PictureData, pictureStyle } from '../../../shared/task/kinds/image.ts';
import type { Camera } from '../../data/import/camera.ts';
import type { DeviceFailure } from '../../data/import/device-failure.ts';
import { Dialog, Icon, showToast } from '../../ui/index.ts';
import { columnsOfImages } from '../example-images.ts';
import { contributeWords } from '../words/index.ts';
import type { BringProps } from './kind-view.ts';
import { LabelKeys } from './label-keys.tsx';
import { Thumbnail } from './thumbnail.tsx';

/** Step 1: each press of a label takes one picture and keeps it under that label. */
export function CameraButton({ contribution, data, isDisabled }: BringProps<'image'>): JSX.Element {
  const t = contributeWords().camera;
  const [isOpen, setOpen] = useState(false);
  const view = contribution.examples.value;
  return (
    <>
      <OpenButton isDisabled={isDisabled} onPress={() => setOpen(true)} />
      {isOpen && (
        <CameraDialog lead={t.lead} data={data} onClose={() => setOpen(false)}>
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
    </>
  );
}

/** Step 3: a picture to try the model on. */
export function TryCamera({ contribution, data }: Pick<BringProps<'image'>, 'contribution' | 'data'>): JSX.Element {
  const t = contributeWords().camera;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <OpenButton isDisabled={false} onPress={() => setOpen(true)} />
      {isOpen && (
        <CameraDialog lead={t.tryLead} data={data} onClose={() => setOpen(false)}>
          {(take) => (
            <button
              type="button"
              class="primary"
              onClick={() => {
                const image = take();
                if (image === null) return;
                void contribution.predict(image);
                setOpen(false);
              }}
            >
              {t.take}
            </button>
          )}
        </CameraDialog>
      )}
    </>
  );
}

function OpenButton({ isDisabled, onPress }: { readonly isDisabled: boolean; readonly onPress: () => void }) {
  return (
    <button type="button" disabled={isDisabled} onClick={onPress}>
      <Icon name="camera" />
      {contributeWords().camera.open}
    </button>
  );
}

interface CameraDialogProps {
  readonly lead: string;
  readonly data: PictureData;
  readonly onClose: () => void;
  /** What takes pictures; `take` answers null where there is nothing to see yet. */
  readonly children: (take: () => Uint8Array | null) => ComponentChildren;
}

type Shown = 'asking' | 'on' | DeviceFailure | 'ended';

/** On from the press that opens it until it is closed, however that happens. */
function CameraDialog({ lead, data, onClose, children }: CameraDialogProps): JSX.Element {
  const t = contributeWords().camera;
  const video = useRef<HTMLVideoElement>(null);
  const camera = useRef<Camera | null>(null);
  const exampleOf = useRef<((frame: Frame) => Uint8Array | null) | null>(null);
  const [shown, setShown] = useState<Shown>('asking');
  const [last, setLast] = useState<Uint8Array | null>(null);

  useEffect(() => {
    let isClosed = false;
    void open();
    return () => {
      isClosed = true;
      camera.current?.close();
    };

    async function open(): Promise<void> {
      const [{ openCamera }, { exampleOfPicture }] = await Promise.all([
        import('../../data/import/camera.ts'),
        import('../../data/import/picture.ts'),
      ]);
      if (isClosed) return;
      const opened = await openCamera(() => !isClosed && setShown('ended'));
      if (!opened.ok) {
        if (!isClosed) setShown(opened.reason);
        return;
      }
      // Closed while the browser asked: the light goes off at once.
      if (isClosed || video.current === null) return opened.camera.close();
      camera.current = opened.camera;
      exampleOf.current = (frame) => exampleOfPicture(frame, data.shape, pictureStyle(data));
      try {
        await opened.camera.show(video.current);
        if (!isClosed) setShown('on');
      } catch {
        // A dialog that was closed takes its video along.
        if (!isClosed) setShown('failed');
      }
    }
  }, []);

  const take = (): Uint8Array | null => {
    const frame = video.current && camera.current?.take(video.current);
    const image = frame ? (exampleOf.current?.(frame) ?? null) : null;
    if (image === null) showToast(t.nothing);
    else setLast(image);
    return image;
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
      <div class="camera" hidden={shown !== 'on' && shown !== 'asking'}>
        <video class="camera-view" ref={video} muted playsInline aria-label={t.view} />
        <figure class="camera-seen">
          {last && <Thumbnail image={last} shape={data.shape} />}
          <figcaption class="muted small">{last ? t.seen : t.unseen}</figcaption>
        </figure>
      </div>
      <p class="visually-hidden" role="status">
        {shown === 'asking' ? t.asking : shown === 'on' ? t.on : ''}
      </p>
      {shown === 'on' && children(take)}
    </Dialog>
  );
}

type Frame = NonNullable<ReturnType<Camera['take']>>;
