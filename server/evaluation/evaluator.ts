import type { Worker } from 'node:worker_threads';
import { sha256Hex } from '../../shared/hash.ts';
import type { Sha256 } from '../../shared/ids.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { topologyOf } from '../../shared/task/model-of.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import type { Evaluator } from '../rounds/port.ts';
import type { BlobStore } from '../storage/blobs/port.ts';
import { startThread } from '../worker-threads.ts';
import type { ScoreAnswer, ScoreCall } from './messages.ts';

interface Waiting {
  readonly resolve: (score: Score | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Scores of the newest checkpoints: a rollback brings back weights that were scored before. */
const SCORES_KEPT_COUNT = 256;

/**
 * Scores checkpoints on held-out data in a thread of its own, which is started by the first score. Null where the task
 * names no sample data or this installation has none. If the thread dies, what was under way rejects and the next score
 * starts another.
 */
export function createEvaluator({ blobs }: { readonly blobs: Pick<BlobStore, 'file'> }): Evaluator {
  const waiting = new Map<number, Waiting>();
  const scores = new Map<string, Score>();
  let thread: Worker | null = null;
  let lastId = 0;
  let isClosed = false;

  function start(): Worker {
    const started = startThread('evaluation/evaluation-worker');
    const die = (error: unknown): void => {
      if (thread !== started) return;
      thread = null;
      const lost = [...waiting.values()];
      waiting.clear();
      for (const { reject } of lost) reject(error);
    };
    started.on('message', (answer: ScoreAnswer) => {
      const call = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.ok) call?.resolve(answer.score);
      else call?.reject(answer.error);
    });
    started.on('error', die);
    started.on('exit', (code) => die(new Error(`the evaluation thread ended with code ${code}`)));
    return started;
  }

  async function ask(spec: TaskSpec, sha256: Sha256): Promise<Score | null> {
    const path = await blobs.file(sha256);
    if (isClosed) return Promise.reject(new Error('the evaluation thread is closed'));
    thread ??= start();
    const id = ++lastId;
    const { data, client } = spec;
    const answer = new Promise<Score | null>((resolve, reject) => waiting.set(id, { resolve, reject }));
    const call = { id, topology: topologyOf(spec), loss: client.loss, data, path, sha256 };
    thread.postMessage(call satisfies ScoreCall);
    return answer;
  }

  return {
    async score(spec, sha256) {
      if (spec.data.sample === undefined) return null;
      const key = sha256Hex(
        new TextEncoder().encode(JSON.stringify([sha256, spec.client.loss, spec.model, spec.data])),
      );
      const known = scores.get(key);
      if (known !== undefined) return known;
      const score = await ask(spec, sha256);
      if (score !== null) scores.set(key, score);
      const oldest = scores.keys().next().value;
      if (scores.size > SCORES_KEPT_COUNT && oldest !== undefined) scores.delete(oldest);
      return score;
    },
    async close() {
      isClosed = true;
      await thread?.terminate();
    },
  };
}
