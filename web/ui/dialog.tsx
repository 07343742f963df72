import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly isOpen: boolean;
  readonly title: string;
  /** Escape, a press beside it, or the caller's own button: the caller then sets `isOpen` to false. */
  readonly onClose: () => void;
  /** Buttons at the foot, the one that goes on last. */
  readonly actions: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A native modal dialog: focus goes in, stays in, and comes back where it was. */
export function Dialog({ isOpen, title, onClose, actions, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    if (isOpen && element && !element.open) element.showModal();
    if (!isOpen && element?.open) element.close();
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a press on the backdrop is the pointer's Escape; the keyboard has its own.
    <dialog
      class="dialog"
      ref={dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current && isOutside(event, event.currentTarget)) onClose();
      }}
    >
      {isOpen && (
        <>
          {/* The first that can have the focus gets it: a button would be at the foot, and a long text scrolled past. */}
          <h2 id={titleId} tabIndex={-1}>
            {title}
          </h2>
          {children}
          <div class="actions">{actions}</div>
        </>
      )}
    </dialog>
  );
}

function isOutside(event: MouseEvent, element: HTMLElement): boolean {
  const box = element.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
