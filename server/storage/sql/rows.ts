import type { Selectable } from 'kysely';
import * as v from 'valibot';
import { REJECTION_REASONS } from '../../../shared/errors.ts';
import { evaluationSchema } from '../../../shared/evaluation/result.ts';
import type { Sha256 } from '../../../shared/ids.ts';
import { reportMetricsSchema, statusSchema } from '../../../shared/protocol/index.ts';
import { taskSpecSchema } from '../../../shared/task/spec.ts';
import { CorruptDatabaseError } from '../errors.ts';
import type { AssignmentRow, AuditRow, CheckpointRow, ReceiptRow, RoundRow, TaskPatch, TaskRow } from '../port.ts';
import type { Schema } from '../schema.ts';

/** Between the rows of the database and those of the port. JSON columns are checked on their way out. */

type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;

const rejectedSchema = v.record(v.picklist(REJECTION_REASONS), v.pipe(v.number(), v.integer(), v.minValue(0)));
const detailsSchema = v.record(v.string(), v.unknown());
const scoreSchema = statusSchema.entries.metrics;

export function taskRow(row: Row<'tasks'> & { readonly version: number; readonly sha256: Sha256 }): TaskRow {
  const { state, roundsLeft, pausedReason, abandonedInARow, createdAt, archivedAt, version, sha256 } = row;
  const spec = parse(taskSpecSchema, row.specJson, `the spec of ${row.id}`);
  const evaluationWanted = row.evaluationWanted === 1;
  return {
    ...{ spec, state, roundsLeft, evaluationWanted, pausedReason, abandonedInARow },
    ...{ createdAt, archivedAt, version, sha256 },
  };
}

/** The columns that a patch names, and no others. */
export function taskColumns(patch: TaskPatch): Partial<Row<'tasks'>> {
  const { state, roundsLeft, evaluationWanted: wanted, pausedReason, abandonedInARow, archivedAt } = patch;
  const evaluationWanted = wanted === undefined ? undefined : Number(wanted);
  const columns = { state, roundsLeft, evaluationWanted, pausedReason, abandonedInARow, archivedAt };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

export function checkpointRow(row: Row<'checkpoints'>): CheckpointRow {
  const { task, metricsJson, kept, stepSha256, stepBytes, ...rest } = row;
  const where = `the score of version ${row.version} of ${task}`;
  return {
    ...rest,
    step: stepSha256 === null || stepBytes === null ? null : { sha256: stepSha256, bytes: stepBytes },
    metrics: metricsJson === null ? null : parse(scoreSchema, metricsJson, where),
    kept: kept === 1,
  };
}

export function roundRow(row: Row<'rounds'>): RoundRow {
  const { rejectedJson, evaluationJson, ...rest } = row;
  const where = `of round ${row.number} of ${row.task}`;
  return {
    ...rest,
    rejected: parse(rejectedSchema, rejectedJson, `the counts ${where}`),
    evaluation: evaluationJson === null ? null : parse(evaluationSchema, evaluationJson, `the figures ${where}`),
  };
}

export function assignmentRow(row: Row<'assignments'>): AssignmentRow {
  const { task: _task, round: _round, ended, baseVersion, baseSha256, endsAt, ...rest } = row;
  const isOwn = baseVersion !== null && baseSha256 !== null && endsAt !== null;
  return { ...rest, own: isOwn ? { baseVersion, baseSha256, endsAt } : null, end: ended };
}

export function assignmentColumns(
  { own, end, ...rest }: AssignmentRow,
  { task, number }: Pick<RoundRow, 'task' | 'number'>,
): Row<'assignments'> {
  const { baseVersion, baseSha256, endsAt } = own ?? { baseVersion: null, baseSha256: null, endsAt: null };
  return { ...rest, task, round: number, baseVersion, baseSha256, endsAt, ended: end };
}

export function receiptRow(row: Row<'receipts'>): ReceiptRow {
  const { metricsJson, foldOrder, ...rest } = row;
  const metrics = parse(reportMetricsSchema, metricsJson, `the metrics of report ${row.updateId}`);
  return { ...rest, metrics, order: foldOrder };
}

export function receiptColumns(receipt: ReceiptRow): Row<'receipts'> {
  const { metrics, order, ...rest } = receipt;
  return { ...rest, metricsJson: JSON.stringify(metrics), foldOrder: order };
}

export function auditRow(row: Row<'audit'>): AuditRow {
  const { id, at, actor, action, task, detailsJson } = row;
  const details = parse(detailsSchema, detailsJson, `the details of audit row ${id}`);
  return { at, actor, action, task, details };
}

function parse<Output>(schema: v.GenericSchema<unknown, Output>, json: string, what: string): Output {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new CorruptDatabaseError(`${what} is not JSON`, { cause: error });
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new CorruptDatabaseError(`${what} is not as it was written: ${v.getDotPath(issue) ?? ''} ${issue.message}`);
}
