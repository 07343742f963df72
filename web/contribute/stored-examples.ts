import { type ReadonlySignal, signal } from '@preact/signals';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { ExampleColumns, ExampleForm } from '../../shared/task/kinds/form.ts';
import type { Dataset, DatasetSummary } from '../data/dataset.ts';
import type { DataFailure } from '../data/failure.ts';
import { showToast } from '../ui/index.ts';
import type { ExamplesView } from './contribution.ts';
import { failureSentence } from './failure-sentence.ts';
import { remember, remembered } from './remembered.ts';

/** How many thumbnails are shown, and how many more at a press. */
export const SHOWN_COUNT = 36;
export const MORE_COUNT = 120;

/** The examples of one task on this device and what the page shows of them. Opens nothing before it is asked to. */
export interface StoredExamples {
  readonly view: ReadonlySignal<ExamplesView>;
  /** Opens the dataset and shows it; null where that failed (the view then says why). */
  open(): Promise<Dataset | null>;
  /** False where it was refused; a toast has said why. */
  add(examples: ExampleColumns): Promise<boolean>;
  remove(id: number): Promise<void>;
  showMore(): Promise<void>;
  /** The trainer found nothing to train on: what is shown may have been taken away by the browser. */
  recheck(): Promise<void>;
  /** The trainer found what is stored damaged. */
  markDamaged(): void;
  /** Examples kept; null where it failed. */
  repair(): Promise<number | null>;
  /** False where the browser did not let go of them. */
  erase(): Promise<boolean>;
}

export function storedExamples(task: PublicTask, form: ExampleForm, onChanged: () => void): StoredExamples {
  const view = signal<ExamplesView>({ kind: 'closed', remembered: remembered(task.id).examples });
  let dataset: Promise<Dataset> | null = null;
  let shownCount = SHOWN_COUNT;

  /** IndexedDB, or memory where this browser keeps nothing. */
  async function choose(): Promise<Dataset> {
    const { createDataset, createMemoryDataset } = await import('../data/dataset.ts');
    const kept = createDataset(task.id, form);
    const summary = await kept.summary();
    return !summary.ok && summary.reason === 'unavailable' ? createMemoryDataset(form) : kept;
  }

  async function show(opened: Dataset, known?: DatasetSummary): Promise<void> {
    const summary = known === undefined ? await opened.summary() : { ok: true as const, ...known };
    if (!summary.ok) return refuse(summary);
    const page = await opened.page(0, shownCount);
    if (!page.ok) return refuse(page);
    const { count, bytes, perLabel } = summary;
    const isInMemory = opened.kept === 'memory';
    view.value = { kind: 'open', count, bytes, perLabel, shown: page.examples, isInMemory };
    if (!isInMemory) remember(task.id, { examples: { count, bytes } });
  }

  /** A failure of reading is shown in place of the examples, one of writing beside them. */
  function refuse(failure: DataFailure, isWriting = false): void {
    if (failure.reason === 'dataset-damaged') view.value = { kind: 'damaged' };
    else if (isWriting) showToast(failureSentence(failure.reason), 'problem');
    else view.value = { kind: 'failed', reason: failure.reason };
  }

  async function open(): Promise<Dataset | null> {
    if (view.peek().kind !== 'open') view.value = { kind: 'opening' };
    dataset ??= choose();
    const opened = await dataset;
    if (view.peek().kind !== 'open') await show(opened);
    const now = view.peek();
    if (now.kind === 'failed') dataset = null;
    return now.kind === 'open' ? opened : null;
  }

  async function change(work: (opened: Dataset) => Promise<({ ok: true } & DatasetSummary) | DataFailure>) {
    const opened = await open();
    if (opened === null) return false;
    const answer = await work(opened);
    if (!answer.ok) {
      refuse(answer, true);
      return false;
    }
    await show(opened, answer);
    onChanged();
    return true;
  }

  return {
    view,
    open,
    add: (examples) => change((opened) => opened.add(examples)),
    remove: async (id) => void (await change((opened) => opened.remove(id))),
    async showMore() {
      shownCount += MORE_COUNT;
      const opened = await open();
      if (opened) await show(opened);
    },
    async recheck() {
      const opened = view.peek().kind === 'open' ? await dataset : null;
      if (opened) await show(opened);
    },
    markDamaged() {
      view.value = { kind: 'damaged' };
    },
    async repair() {
      dataset ??= choose();
      const opened = await dataset;
      const repaired = await opened.repair();
      if (!repaired.ok) {
        showToast(failureSentence(repaired.reason), 'problem');
        return null;
      }
      await show(opened);
      onChanged();
      const now = view.peek();
      return now.kind === 'open' ? now.count : null;
    },
    async erase() {
      dataset ??= choose();
      const cleared = await (await dataset).clear();
      if (!cleared.ok) return false;
      dataset = null;
      shownCount = SHOWN_COUNT;
      view.value = { kind: 'closed', remembered: null };
      onChanged();
      return true;
    },
  };
}
