import type { Generated } from 'kysely';
import type { AbandonReason, RejectionReason } from '../../shared/errors.ts';
import type { AssignmentToken, ClientId, Sha256, TaskId, UpdateId } from '../../shared/ids.ts';
import type { RoundPurpose, TaskState } from '../../shared/protocol/index.ts';
import type { AssignmentRow, NewCheckpoint, ReceiptRow, RoundRow } from './port.ts';

/**
 * The tables as Kysely sees them; the migrations make them. Columns are snake_case in the database. Times are
 * milliseconds since 1970, `…Json` is JSON text, flags are 0 or 1.
 */
export interface Schema {
  tasks: {
    id: TaskId;
    specJson: string;
    /** It has a join token. */
    closed: number;
    state: TaskState;
    roundsLeft: number;
    evaluationWanted: number;
    pausedReason: string | null;
    abandonedInARow: number;
    createdAt: number;
    archivedAt: number | null;
    /** The only fencing token that may write; 0: none was given out. */
    fence: number;
    /** Of that token: a process, and until when nobody else gets one. Null where nobody waits for anybody. */
    leaseHolder: string | null;
    leaseEndsAt: number | null;
  };
  checkpoints: {
    task: TaskId;
    version: number;
    sha256: Sha256;
    bytes: number;
    optimizerSha256: Sha256 | null;
    stepSha256: Sha256 | null;
    stepBytes: number | null;
    origin: NewCheckpoint['origin'];
    round: number | null;
    copyOf: number | null;
    createdAt: number;
    metricsJson: string | null;
    kept: number;
  };
  rounds: {
    task: TaskId;
    number: number;
    purpose: RoundPurpose;
    schedule: RoundRow['schedule'];
    baseVersion: number;
    phase: RoundRow['phase'];
    selectionEndsAt: number;
    reportingEndsAt: number | null;
    startedAt: number;
    endedAt: number | null;
    outcome: RoundRow['outcome'];
    reason: AbandonReason | null;
    version: number | null;
    selected: number;
    accepted: number;
    rejectedJson: string;
    late: number;
    surplus: number;
    dropped: number;
    uplinkBytes: number;
    downlinkBytes: number;
    evaluationJson: string | null;
  };
  assignments: {
    task: TaskId;
    round: number;
    slot: number;
    clientId: ClientId;
    token: AssignmentToken;
    updateId: UpdateId;
    seed: number;
    baseVersion: number | null;
    baseSha256: Sha256 | null;
    endsAt: number | null;
    ended: AssignmentRow['end'];
    rejection: RejectionReason | null;
  };
  receipts: {
    updateId: UpdateId;
    task: TaskId;
    round: number;
    clientId: ClientId;
    sha256: Sha256;
    bytes: number;
    examples: number;
    steps: number;
    norm: number;
    metricsJson: string;
    foldOrder: number;
    acceptedAt: number;
    status: ReceiptRow['status'];
    version: number | null;
    reason: AbandonReason | null;
    place: string | null;
  };
  adminSessions: {
    sha256: Sha256;
    actor: string;
    proof: Sha256 | null;
    beganAt: number;
    usedAt: number;
    expiresAt: number;
  };
  adminLinks: { sha256: Sha256; expiresAt: number };
  adminTickets: { sha256: Sha256; actor: string; loginExpiresAt: number | null; expiresAt: number };
  audit: {
    id: Generated<number>;
    at: number;
    actor: string;
    action: string;
    task: TaskId | null;
    detailsJson: string;
    previousSha256: Sha256 | null;
    sha256: Sha256 | null;
  };
  settings: { key: string; value: string };
  counters: { name: string; value: number };
}
