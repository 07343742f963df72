import { useSignal } from '@preact/signals';
import type { TaskId } from '../../shared/ids.ts';
import { showToast } from '../ui/index.ts';
import type { Order } from './api.ts';
import { failureSentence } from './failure-sentence.ts';
import { useDashboard } from './shown.ts';

/** Gives orders for a task: one of a kind at a time, so that a second press does nothing; a refusal is said in passing. */
export function useOrders(task: TaskId): {
  readonly isBusy: (kind: Order['kind']) => boolean;
  /** Resolves to whether it was carried out. */
  readonly give: (order: Order) => Promise<boolean>;
} {
  const dashboard = useDashboard();
  const underWay = useSignal<readonly Order['kind'][]>([]);
  return {
    isBusy: (kind) => underWay.value.includes(kind),
    async give(order) {
      if (underWay.value.includes(order.kind)) return false;
      underWay.value = [...underWay.value, order.kind];
      const answer = await dashboard.order(task, order);
      underWay.value = underWay.value.filter((kind) => kind !== order.kind);
      if (!answer.ok) showToast(failureSentence(answer.failure), 'problem');
      return answer.ok;
    },
  };
}
