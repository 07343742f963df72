import type { JSX } from 'preact';

/** Line icons, 20 by 20, 1.5 px, in the colour of the text. They say nothing to a screen reader: the button's name does. */
const PATHS = {
  pen: 'M3.5 16.5l.8-3.3L13.6 3.9a1.6 1.6 0 0 1 2.3 0l.2.2a1.6 1.6 0 0 1 0 2.3L6.8 15.7z M12 5.5l2.5 2.5',
  upload: 'M10 13V3.5 M6.5 7L10 3.5 13.5 7 M3.5 12.5v3a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-3',
  download: 'M10 3.5V13 M6.5 9.5L10 13l3.5-3.5 M3.5 13.5v2a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-2',
  plus: 'M10 4v12 M4 10h12',
  close: 'M5 5l10 10 M15 5L5 15',
  check: 'M4 10.5l4 4 8-9',
  trash: 'M4 5.5h12 M8 5.5V4h4v1.5 M5.5 5.5l.7 10.5h7.6l.7-10.5 M8.5 8.5v5 M11.5 8.5v5',
  pause: 'M7 4.5v11 M13 4.5v11',
  play: 'M6.5 4.5l9 5.5-9 5.5z',
  leave: 'M8 3.5H4.5v13H8 M12.5 6.5L16 10l-3.5 3.5 M16 10H8',
  copy: 'M7 7h9v9H7z M4 13V4h9',
  eraser: 'M8 16.5h8.5 M4 12.5l7.5-8 5 4.5-6.8 7.5H7.2z M7.6 8.7l5 4.6',
  camera: 'M3.5 6.5h3l1.2-2h4.6l1.2 2h3v9h-13z M10 8.2a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2z',
  microphone: 'M10 3a2 2 0 0 1 2 2v4.5a2 2 0 0 1-4 0V5a2 2 0 0 1 2-2z M5.5 9.5a4.5 4.5 0 0 0 9 0 M10 14v3 M7.5 17h5',
  image: 'M3.5 4.5h13v11h-13z M3.5 13l4-4 3.5 3.5 2-2 3.5 3.5 M12.8 7.6h.4',
  sun: 'M10 6.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4z M10 2.5v1.2 M10 16.3v1.2 M2.5 10h1.2 M16.3 10h1.2 M4.7 4.7l.9.9 M14.4 14.4l.9.9 M4.7 15.3l.9-.9 M14.4 5.6l.9-.9',
  moon: 'M16.3 12.2A6.8 6.8 0 0 1 7.8 3.7a6.8 6.8 0 1 0 8.5 8.5z',
  contrast: 'M10 3.2a6.8 6.8 0 1 0 0 13.6 6.8 6.8 0 0 0 0-13.6z M10 3.2v13.6',
  chevron: 'M5 7.5l5 5 5-5',
  device: 'M6 2.5h8v15H6z M9 15h2',
  server: 'M3.5 4h13v5h-13z M3.5 11h13v5h-13z M6 6.5h.5 M6 13.5h.5',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width={1.5}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
      {name === 'contrast' && <path d="M10 3.2a6.8 6.8 0 0 1 0 13.6z" fill="currentColor" />}
    </svg>
  );
}
