import type { Sha256, TaskId, UpdateId } from '../../../shared/ids.ts';
import type {
  AssignmentRow,
  CheckpointRow,
  FencingToken,
  KeptAuditRow,
  NewCheckpoint,
  ReceiptRow,
  RoundRow,
  SessionRow,
  TaskRow,
  TicketHolder,
} from '../port.ts';

/** All of a memory storage. Rows are replaced, never changed in place: those handed out stay as they were. */
export interface State {
  readonly tasks: Map<TaskId, TaskState>;
  readonly receipts: Map<UpdateId, { readonly task: TaskId; readonly round: number }>;
  readonly sessions: Map<Sha256, SessionRow>;
  readonly links: Map<Sha256, number>;
  readonly tickets: Map<Sha256, { readonly holder: TicketHolder; readonly expiresAt: number }>;
  readonly settings: Map<string, string>;
  readonly audit: KeptAuditRow[];
  lastFence: FencingToken;
}

export interface TaskState {
  row: Omit<TaskRow, 'version' | 'sha256'>;
  /** 0: none was given out. */
  fence: FencingToken;
  /** Of that token, if its time counts. */
  lease: { readonly holder: string; readonly endsAt: number } | null;
  readonly checkpoints: CheckpointRow[];
  readonly rounds: RoundState[];
}

export interface RoundState {
  row: RoundRow;
  assignments: AssignmentRow[];
  /** In order. */
  receipts: ReceiptRow[];
}

export function emptyState(): State {
  const maps = {
    tasks: new Map(),
    receipts: new Map(),
    sessions: new Map(),
    links: new Map(),
    tickets: new Map(),
    settings: new Map(),
  };
  return { ...maps, audit: [], lastFence: 0 };
}

export const newCheckpointRow = (checkpoint: NewCheckpoint, createdAt: number): CheckpointRow => ({
  ...checkpoint,
  createdAt,
  metrics: null,
  kept: true,
});

export const newestVersionOf = (task: TaskState): number => task.checkpoints.length - 1;

export const roundOf = (task: TaskState | undefined, number: number): RoundState | undefined =>
  task?.rounds.find(({ row }) => row.number === number);
