import type { UpdateId } from '../../../shared/ids.ts';
import type { LayoutEntry, WeightLayout } from '../../../shared/weights/layout.ts';
import { isFinite32 } from '../../../shared/weights/vector.ts';

/**
 * What a contributor keeps of a task from round to round, and never sends: control variates of SCAFFOLD and the tensors of
 * local layers. IndexedDB in a tab, memory elsewhere; "Delete my data" takes it away.
 */
export interface OwnState {
  /** As it was saved, or anything at all if it was damaged; undefined where there is none. Never rejects. */
  load(): Promise<unknown>;
  /** In place of what was there. Never rejects: what could not be kept is missed at the next load, and said. */
  save(record: OwnRecord): Promise<void>;
}

export interface OwnRecord {
  /** Of the whole model: what was kept of another is of no use. */
  readonly layoutSha256: string;
  /** Tensors of the local layers, one after the other; null while none was trained. */
  readonly local: Float32Array | null;
  /** Their names, in that order: of other local layers they are of no use, though there be as many values. */
  readonly localNames: readonly string[];
  /** c_i as it would be after each of these reports: which of them was counted only the server knows. */
  readonly controls: readonly OwnControl[];
}

export interface OwnControl {
  readonly updateId: UpdateId;
  readonly values: Float32Array;
}

/** As long as the page or the process lives. */
export function memoryOwnState(): OwnState {
  let kept: OwnRecord | undefined;
  return {
    load: async () => structuredClone(kept),
    save: async (record) => {
      kept = structuredClone(record);
    },
  };
}

/** What can be used of what was loaded; the rest is as if it had never been there. */
export function ownRecordOf(loaded: unknown, layout: WeightLayout, wanted: readonly LayoutEntry[]): OwnRecord {
  const names = wanted.map(({ name }) => name);
  const nothing: OwnRecord = { layoutSha256: layout.sha256, local: null, localNames: names, controls: [] };
  if (typeof loaded !== 'object' || loaded === null) return nothing;
  const { layoutSha256, local, localNames, controls } = loaded as Partial<Record<keyof OwnRecord, unknown>>;
  if (layoutSha256 !== layout.sha256) return nothing;
  const isVector = (value: unknown, length: number): value is Float32Array =>
    value instanceof Float32Array && value.length === length && isFinite32(value);
  const isControl = (value: unknown): value is OwnControl => {
    const { updateId, values } = (value ?? {}) as Partial<OwnControl>;
    return typeof updateId === 'string' && isVector(values, layout.size);
  };
  return {
    ...nothing,
    local: String(localNames) === String(names) && isVector(local, sizeOf(wanted)) ? local : null,
    controls: Array.isArray(controls) ? controls.filter(isControl) : [],
  };
}

const sizeOf = (entries: readonly LayoutEntry[]): number => entries.reduce((sum, { size }) => sum + size, 0);
