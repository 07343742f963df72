import { isSha256 } from '../../shared/ids.ts';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import type { ClientView } from '../client/view.ts';

/** What the engine would say before it exists. */
export function idleView(task: PublicTask, examples: number): ClientView {
  return {
    task: task.id,
    state: 'idle',
    reason: null,
    detail: null,
    round: null,
    purpose: 'train',
    version: null,
    sha256: isSha256(task.sha256) ? task.sha256 : null,
    slot: null,
    status: null,
    progress: null,
    losses: [],
    uploadShare: 0,
    backend: null,
    examples,
    sentBytes: 0,
    receivedBytes: 0,
    retryInMs: null,
    lastReport: null,
    notes: [],
    counted: 0,
    connected: false,
  };
}
