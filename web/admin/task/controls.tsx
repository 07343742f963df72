import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { LIMITS } from '../../../shared/limits.ts';
import { formatNumber, Icon } from '../../ui/index.ts';
import { useOrders } from '../orders.ts';
import type { ShownTask } from '../shown.ts';
import { adminWords } from '../words/index.ts';

const MOST = LIMITS.roundsPerRequestCount;

/** Start, pause, resume, stop: what is possible in this state. Starting while rounds run adds to them. */
export function Controls({ task: { picture, spec } }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords().controls;
  const { isBusy, give } = useOrders(picture.task);
  const count = useSignal<number | null>(10);
  const id = useId();
  const { state } = picture.status;
  const isValid = count.value !== null && Number.isInteger(count.value) && count.value >= 1 && count.value <= MOST;

  async function start(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (count.value !== null && isValid) await give({ kind: 'rounds', count: count.value });
  }

  return (
    <div class="controls">
      {state === 'running' && (
        <button type="button" disabled={isBusy('pause')} onClick={() => give({ kind: 'pause' })}>
          <Icon name="pause" size={16} />
          {t.pause}
        </button>
      )}
      {state === 'paused' && (
        <button type="button" disabled={isBusy('resume')} onClick={() => give({ kind: 'resume' })}>
          <Icon name="play" size={16} />
          {t.resume}
        </button>
      )}
      {state !== 'idle' && (
        <button
          type="button"
          class="quiet"
          disabled={isBusy('stop') || state === 'stopping'}
          onClick={() => give({ kind: 'stop' })}
        >
          {t.stop}
        </button>
      )}
      {spec.client.heldOut && (
        <button
          type="button"
          disabled={isBusy('evaluate') || state === 'stopping' || state === 'paused'}
          onClick={() => give({ kind: 'evaluate' })}
        >
          {t.evaluate}
        </button>
      )}
      <form class="start-rounds" noValidate onSubmit={start}>
        <label for={id}>{t.count}</label>
        <input
          id={id}
          type="number"
          inputMode="numeric"
          min={1}
          max={MOST}
          step={1}
          value={count.value ?? ''}
          disabled={state === 'stopping'}
          aria-invalid={isValid ? undefined : 'true'}
          aria-describedby={isValid ? undefined : `${id}-problem`}
          onInput={({ currentTarget: { value, valueAsNumber } }) => {
            count.value = value === '' || Number.isNaN(valueAsNumber) ? null : valueAsNumber;
          }}
        />
        <button type="submit" class="primary" disabled={isBusy('rounds') || state === 'stopping' || !isValid}>
          {t.start}
        </button>
        {!isValid && (
          <p class="problem" id={`${id}-problem`} role="alert">
            {t.countProblem(formatNumber(MOST))}
          </p>
        )}
      </form>
    </div>
  );
}
