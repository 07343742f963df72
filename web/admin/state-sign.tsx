import type { JSX } from 'preact';
import type { TaskState } from '../../shared/protocol/messages.ts';

/** A task's state as a small sign; colour and shape both tell it. The name stands beside it, or is read out. */
export function StateSign({ state }: { readonly state: TaskState | 'archived' }): JSX.Element {
  return (
    <svg class={`state-sign state-${state}`} viewBox="-6 -6 12 12" width="12" height="12" aria-hidden="true">
      {state === 'running' && <circle r="4.5" />}
      {state === 'idle' && <circle class="hollow" r="3.8" />}
      {state === 'paused' && <path d="M-3.6 -4.2h2.4v8.4h-2.4zM1.2 -4.2h2.4v8.4h-2.4z" />}
      {state === 'stopping' && <path d="M-3.8 -3.8h7.6v7.6h-7.6z" />}
      {state === 'archived' && <path class="hollow" d="M-4 0h8" />}
    </svg>
  );
}
