import { BugError } from '../../../shared/assert.ts';
import type { Sha256, TaskId } from '../../../shared/ids.ts';
import type { CheckpointRow, CheckpointStore, FencingToken, TaskRow, TaskStore } from '../port.ts';
import { checkNextVersion } from '../rules.ts';
import { newCheckpointRow, newestVersionOf, type State, type TaskState } from './state.ts';

export function memoryTasks(state: State): TaskStore {
  return {
    async create(spec, initial, at) {
      if (initial.version !== 0) throw new BugError(`${spec.id}: the first version is 0, not ${initial.version}`);
      if (state.tasks.has(spec.id)) return 'taken';
      const row = {
        spec: structuredClone(spec),
        state: 'idle',
        roundsLeft: 0,
        evaluationWanted: false,
        pausedReason: null,
        abandonedInARow: 0,
        createdAt: at,
        archivedAt: null,
      } as const;
      state.tasks.set(spec.id, {
        row,
        fence: 0,
        lease: null,
        checkpoints: [newCheckpointRow(initial, at)],
        rounds: [],
      });
      return 'created';
    },

    async get(task) {
      const found = state.tasks.get(task);
      return found ? taskRow(found) : null;
    },

    async list() {
      const byAge = (a: TaskRow, b: TaskRow): number =>
        a.createdAt - b.createdAt || (a.spec.id < b.spec.id ? -1 : a.spec.id > b.spec.id ? 1 : 0);
      return [...state.tasks.values()].map(taskRow).sort(byAge);
    },

    async update(task, patch, fence) {
      const found = state.tasks.get(task);
      if (fence !== undefined && found?.fence !== fence) return 'fenced';
      if (found) found.row = { ...found.row, ...patch };
      return 'saved';
    },

    async remove(task) {
      state.tasks.delete(task);
      for (const [updateId, place] of state.receipts) if (place.task === task) state.receipts.delete(updateId);
    },

    fence: async (task) => nextFence(state, task, null),

    async unheld() {
      const isHeld = ({ lease }: TaskState): boolean => lease !== null && lease.endsAt > Date.now();
      return [...state.tasks].filter(([, task]) => !isHeld(task)).map(([id]) => id);
    },

    async lease(task, holder, forMs) {
      const held = state.tasks.get(task)?.lease ?? null;
      if (held !== null && held.holder !== holder && held.endsAt > Date.now()) return null;
      return nextFence(state, task, { holder, endsAt: Date.now() + forMs });
    },

    async renew(leases, forMs) {
      return leases.flatMap(({ task, token }) => {
        const found = state.tasks.get(task);
        if (found?.lease == null || found.fence !== token) return [];
        found.lease = { ...found.lease, endsAt: Date.now() + forMs };
        return [token];
      });
    },

    async endLease(task, token) {
      const found = state.tasks.get(task);
      if (found?.fence === token) found.lease = null;
    },
  };
}

function nextFence(state: State, task: TaskId, lease: TaskState['lease']): FencingToken {
  const found = state.tasks.get(task);
  if (!found) throw new BugError(`no lease for ${task}: there is no such task`);
  state.lastFence += 1;
  found.fence = state.lastFence;
  found.lease = lease;
  return found.fence;
}

export function memoryCheckpoints(state: State): CheckpointStore {
  const checkpointsOf = (task: TaskId): CheckpointRow[] => state.tasks.get(task)?.checkpoints ?? [];
  const change = (task: TaskId, version: number, changes: Partial<CheckpointRow>): void => {
    const rows = checkpointsOf(task);
    const row = rows[version];
    if (row) rows[version] = { ...row, ...changes };
  };

  return {
    get: async (task, version) => checkpointsOf(task)[version] ?? null,

    list: async (task) => [...checkpointsOf(task)],

    setMetrics: async (task, version, metrics) => change(task, version, { metrics }),

    async append(task, fence, checkpoint, at) {
      const found = state.tasks.get(task);
      if (found?.fence !== fence) return 'fenced';
      checkNextVersion(task, checkpoint, newestVersionOf(found), found.checkpoints[checkpoint.copyOf ?? -1] ?? null);
      found.checkpoints.push(newCheckpointRow(checkpoint, at));
      return 'saved';
    },

    async release(task, versions) {
      for (const version of versions) change(task, version, { kept: false });
    },

    async taskOf(sha256) {
      const found = [...state.tasks.values()]
        .filter(({ checkpoints }) =>
          checkpoints.some((row) => row.kept && (row.sha256 === sha256 || row.step?.sha256 === sha256)),
        )
        .map(({ row: { spec } }) => ({ task: spec.id, closed: spec.access.joinToken !== undefined }));
      return found.find(({ closed }) => !closed) ?? found[0] ?? null;
    },

    async referenced() {
      const kept = [...state.tasks.values()].flatMap(({ checkpoints }) => checkpoints.filter((row) => row.kept));
      const hashes = kept.flatMap(({ sha256, optimizerSha256, step }) => [sha256, optimizerSha256, step?.sha256]);
      return new Set(hashes.filter((hash): hash is Sha256 => hash != null));
    },
  };
}

function taskRow({ row, checkpoints }: TaskState): TaskRow {
  const newest = checkpoints.at(-1);
  if (!newest) throw new BugError(`${row.spec.id} has no checkpoint`);
  return { ...row, version: newest.version, sha256: newest.sha256 };
}
