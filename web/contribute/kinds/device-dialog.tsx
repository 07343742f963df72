import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DeviceFailure } from '../../data/import/device-failure.ts';
import { Dialog, Icon } from '../../ui/index.ts';

/** A camera or a microphone as the dialog shows it. */
export type DeviceState<Device> =
  | { readonly kind: 'asking' }
  | { readonly kind: 'on'; readonly device: Device }
  | { readonly kind: 'off'; readonly reason: DeviceFailure | 'ended' };

export type Opened<Device> =
  | { readonly ok: true; readonly device: Device }
  | { readonly ok: false; readonly reason: DeviceFailure };

/** On from the first rendering until the component is gone, however that happens. `onEnded`: it was taken away. */
export function useDevice<Device extends { close(): void }>(
  open: (onEnded: () => void) => Promise<Opened<Device>>,
): DeviceState<Device> {
  const [state, setState] = useState<DeviceState<Device>>({ kind: 'asking' });
  useEffect(() => {
    let isClosed = false;
    let device: Device | null = null;
    const end = (reason: DeviceFailure | 'ended'): void => {
      device?.close();
      if (!isClosed) setState({ kind: 'off', reason });
    };
    void open(() => end('ended')).then((opened) => {
      if (!opened.ok) return end(opened.reason);
      device = opened.device;
      // Closed while the browser asked: it goes off at once.
      if (isClosed) device.close();
      else setState({ kind: 'on', device });
    });
    return () => {
      isClosed = true;
      device?.close();
    };
  }, []);
  return state;
}

interface DeviceButtonProps {
  readonly icon: 'camera' | 'microphone';
  readonly label: string;
  readonly isDisabled: boolean;
  /** The dialog, which is there while the device is to be on. */
  readonly children: (close: () => void) => JSX.Element;
}

export function DeviceButton({ icon, label, isDisabled, children }: DeviceButtonProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" disabled={isDisabled} onClick={() => setOpen(true)}>
        <Icon name={icon} />
        {label}
      </button>
      {isOpen && children(() => setOpen(false))}
    </>
  );
}

interface DeviceDialogProps {
  readonly state: DeviceState<unknown>;
  readonly words: {
    readonly title: string;
    readonly close: string;
    readonly asking: string;
    readonly on: string;
    readonly seen: string;
    readonly unseen: string;
    readonly failures: Readonly<Record<DeviceFailure | 'ended', string>>;
  };
  readonly lead: string;
  readonly onClose: () => void;
  /** What the device gives at this moment. */
  readonly view: ComponentChildren;
  /** What the model sees of the last example; null before the first. */
  readonly last: ComponentChildren;
  /** Said in the place of `words.on`, to be seen as well as heard. */
  readonly saying?: string | null;
  /** What takes examples, shown while the device is on. */
  readonly children: ComponentChildren;
}

export function DeviceDialog(props: DeviceDialogProps): JSX.Element {
  const { state, words, lead, onClose, view, last, saying, children } = props;
  const isSound = saying !== undefined;
  return (
    <Dialog
      isOpen
      title={words.title}
      onClose={onClose}
      actions={
        <button type="button" class="quiet" onClick={onClose}>
          {words.close}
        </button>
      }
    >
      <p class="muted small">{lead}</p>
      {state.kind === 'off' && (
        <p class="notice problem" role="alert">
          {words.failures[state.reason]}
        </p>
      )}
      <div class={isSound ? 'camera microphone' : 'camera'} hidden={state.kind === 'off'}>
        {view}
        <figure class="camera-seen">
          {last}
          <figcaption class="muted small">{last ? words.seen : words.unseen}</figcaption>
        </figure>
      </div>
      <p class={isSound ? 'listening' : 'visually-hidden'} role="status">
        {state.kind === 'asking' ? words.asking : state.kind === 'on' ? (saying ?? words.on) : ''}
      </p>
      {state.kind === 'on' && children}
    </Dialog>
  );
}
