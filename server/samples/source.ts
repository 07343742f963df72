import type { ExampleColumns } from '../../shared/task/kinds/form.ts';
import type { TaskData } from '../../shared/task/kinds/index.ts';

/** Sample data of one name: what is handed out, and apart from it what is scored on. One file each, one line in `index.ts`. */
export interface SampleSource {
  /** null: this machine does not have it, or it is not what the task's data are. */
  openTraining(data: TaskData): Promise<TrainingSamples | null>;
  readHeldOut(data: TaskData): Promise<HeldOut | null>;
  /** This machine has it. */
  isInstalled(): boolean;
}

/** What is scored on. */
export interface HeldOut extends ExampleColumns {
  /** As of `TrainingSamples`, where answers are those of a person. */
  readonly perPerson?: number;
}

export interface TrainingSamples {
  readonly count: number;
  /**
   * Where examples come from people: how many each has. They lie one person after the other, and whoever takes samples
   * gets those of one.
   */
  readonly perPerson?: number;
  /** Examples with these indices, in this order. */
  read(indices: Uint32Array): Promise<ExampleColumns>;
  readAll(): Promise<ExampleColumns>;
  close(): Promise<void>;
}
