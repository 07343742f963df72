import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Icon } from '../../ui/index.ts';

/** A button that lets people choose one file; the same file may be chosen again. */
export function FileButton(props: {
  readonly text: string;
  /** The accessible name of the input behind it. */
  readonly name: string;
  readonly accept: string;
  readonly isDisabled: boolean;
  readonly onFile: (file: File) => void;
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={props.isDisabled} onClick={() => input.current?.click()}>
        <Icon name="upload" />
        {props.text}
      </button>
      <input
        class="visually-hidden"
        ref={input}
        type="file"
        accept={props.accept}
        tabIndex={-1}
        aria-label={props.name}
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          event.currentTarget.value = '';
          if (file) props.onFile(file);
        }}
      />
    </>
  );
}
