import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { words } from './i18n/words.ts';
import { Icon } from './icons.tsx';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'info' | 'problem';
}

const toasts = signal<readonly Toast[]>([]);
let nextId = 0;

/** Says something in passing. A problem stays until it is dismissed; anything else goes after `lifeMs`. */
export function showToast(text: string, tone: Toast['tone'] = 'info', lifeMs = 6_000): void {
  const id = nextId++;
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text), { id, text, tone }];
  if (tone === 'info') setTimeout(() => dismiss(id), lifeMs);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Put one at the end of the page. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`}>
          <span>{toast.text}</span>
          <button type="button" aria-label={words().dismiss} onClick={() => dismiss(toast.id)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
