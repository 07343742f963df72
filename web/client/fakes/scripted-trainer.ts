import { countsOf } from '../../../shared/evaluation/counts.ts';
import type { Participation } from '../../../shared/protocol/index.ts';
import type { BackendChoice, CountResult, RequestedBackend, Trainer, TrainResult } from '../ports.ts';
import { backend, metrics } from './play.ts';

type TrainOptions = Parameters<Trainer['train']>[1];
type Train = (params: Float32Array, options: TrainOptions) => Promise<TrainResult>;

export const trainedTo = (delta: readonly number[]): TrainResult => ({
  ok: true,
  delta: Float32Array.from(delta),
  examples: 20,
  steps: 2,
  metrics,
});

/** A trainer that does what a test lays out, and tells what was asked of it. */
export class ScriptedTrainer implements Trainer {
  readonly heard: string[] = [];
  readonly params: number[][] = [];
  count: number | Error = 20;
  choice: BackendChoice | Error = backend;
  work: Train = async () => trainedTo([1, -2, 0.5]);

  counts: CountResult = {
    ok: true,
    counts: countsOf({ examples: 4, loss: 0.5, measure: { correct: 3 } }),
    examples: 4,
  };

  async prepare(_participation: Participation, _requested: RequestedBackend): Promise<BackendChoice> {
    this.heard.push('prepare');
    if (this.choice instanceof Error) throw this.choice;
    return this.choice;
  }

  async examples(): Promise<number> {
    this.heard.push('examples');
    if (this.count instanceof Error) throw this.count;
    return this.count;
  }

  train(params: Float32Array, options: TrainOptions): Promise<TrainResult> {
    this.heard.push('train');
    this.params.push([...params]);
    return this.work(params, options);
  }

  score(params: Float32Array): Promise<CountResult> {
    this.heard.push('score');
    this.params.push([...params]);
    return Promise.resolve(this.counts);
  }

  close(): void {
    this.heard.push('close');
  }
}
