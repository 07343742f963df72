import * as v from 'valibot';
import { isSha256, type TaskId } from '../../shared/ids.ts';
import { scoreSchema } from '../../shared/protocol/messages.ts';
import { fromBytes, isFinite32, toBytes } from '../../shared/weights/vector.ts';
import { digestInTurns } from '../client/digest.ts';
import { type DataFailure, failureOf } from './failure.ts';
import { createIndexedDbPersonal, createMemoryPersonal, type PersonalStore } from './personal-store.ts';

/** A model fitted to the examples on this device. It is as personal as they are: it is kept here, and never sent. */
export interface PersonalFit {
  /** v, in the layout's order. */
  readonly params: Float32Array<ArrayBuffer>;
  /** The shared model that it was fitted from. */
  readonly base: { readonly version: number; readonly sha256: string };
  /** Examples it was fitted to, and those set aside. */
  readonly fitted: number;
  readonly heldOut: number;
  /** On those set aside, of the shared and of the personal model; null where they were too few. */
  readonly figures: { readonly before: PersonalScore; readonly after: PersonalScore } | null;
}
type PersonalScore = Readonly<v.InferOutput<typeof scoreSchema>>;

/** The task's model as it is now: what a kept fit must belong to. */
export interface ModelFacts {
  readonly layoutSha256: string;
  readonly parameters: number;
  readonly version: number;
}

export type LoadedFit =
  | { readonly ok: true; readonly fit: PersonalFit | null }
  /** `damaged`: not what was written; `other-model`: of another model under this name. It is gone from the store. */
  | { readonly ok: false; readonly reason: 'damaged' | 'other-model' }
  | DataFailure;

/** The personal model of one task on this device. */
export interface PersonalFits {
  readonly kept: PersonalStore['kept'];
  load(model: ModelFacts): Promise<LoadedFit>;
  save(fit: PersonalFit, model: Pick<ModelFacts, 'layoutSha256'>): Promise<{ readonly ok: true } | DataFailure>;
  remove(): Promise<{ readonly ok: true } | DataFailure>;
}

export const createPersonalFits = (task: TaskId): PersonalFits => personalFitsOf(createIndexedDbPersonal(task));
export const createMemoryFits = (): PersonalFits => personalFitsOf(createMemoryPersonal());

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const sha256 = v.pipe(
  v.string(),
  v.check((value) => isSha256(value)),
);
const schema = v.object({
  format: v.literal(1),
  layoutSha256: sha256,
  base: v.object({ version: count, sha256 }),
  fitted: count,
  heldOut: count,
  figures: v.nullable(v.object({ before: scoreSchema, after: scoreSchema })),
  /** Of the weights' bytes. */
  sha256,
  weights: v.instance(Uint8Array),
});

export function personalFitsOf(store: PersonalStore): PersonalFits {
  return {
    kept: store.kept,
    load: (model) =>
      answer(async () => {
        const record = await store.load();
        if (record === undefined) return { ok: true, fit: null } as const;
        const read = await readRecord(record, model);
        if (!read.ok) await store.remove();
        return read;
      }),
    save: ({ params, ...fit }, { layoutSha256 }) =>
      answer(async () => {
        const weights = toBytes(params);
        await store.save({ format: 1, layoutSha256, ...fit, sha256: await digestInTurns(weights), weights });
        return { ok: true } as const;
      }),
    remove: () =>
      answer(async () => {
        await store.remove();
        return { ok: true } as const;
      }),
  };
}

/** Anything at all may lie there. */
async function readRecord(record: unknown, model: ModelFacts): Promise<Exclude<LoadedFit, DataFailure>> {
  const parsed = v.safeParse(schema, record);
  if (!parsed.success) return { ok: false, reason: 'damaged' };
  const { weights, sha256, layoutSha256, format: _, ...fit } = parsed.output;
  // A task that was deleted and made again under its name counts its versions anew.
  if (layoutSha256 !== model.layoutSha256 || fit.base.version > model.version) {
    return { ok: false, reason: 'other-model' };
  }
  if (weights.byteLength !== model.parameters * 4 || (await digestInTurns(weights)) !== sha256) {
    return { ok: false, reason: 'damaged' };
  }
  const params = fromBytes(weights) as Float32Array<ArrayBuffer>;
  return isFinite32(params) ? { ok: true, fit: { ...fit, params } } : { ok: false, reason: 'damaged' };
}

async function answer<Value>(work: () => Promise<Value>): Promise<Value | DataFailure> {
  try {
    return await work();
  } catch (error) {
    return failureOf(error);
  }
}
