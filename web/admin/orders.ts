import { type Signal, useSignal } from '@preact/signals';
import type { TaskId } from '../../shared/ids.ts';
import { showToast } from '../ui/index.ts';
import type { Order } from './api.ts';
import { failureSentence } from './failure-sentence.ts';
import { useDashboard } from './shown.ts';

/** Gives orders for a task, one at a time; a refusal is said in passing. Resolves to whether it was carried out. */
export function useOrders(task: TaskId): {
  readonly isBusy: Signal<boolean>;
  readonly give: (order: Order) => Promise<boolean>;
} {
  const dashboard = useDashboard();
  const isBusy = useSignal(false);
  return {
    isBusy,
    async give(order) {
      if (isBusy.value) return false;
      isBusy.value = true;
      const answer = await dashboard.order(task, order);
      isBusy.value = false;
      if (!answer.ok) showToast(failureSentence(answer.failure), 'problem');
      return answer.ok;
    },
  };
}
