import type { Sha256 } from '../ids.ts';

/** A vector that a contributor keeps between reports of one task. It is made of that person's examples and never leaves the device. */
export interface KeptVector {
  /** As many as a report has. */
  readonly values: Float32Array;
  /** The version that the last report of it started from. */
  readonly version: number;
  /** Of that report. */
  readonly layoutSha256: Sha256;
}

/** Where the one such vector of a task lies. */
export interface VectorStore<Kept extends KeptVector = KeptVector> {
  /** As it was written, or anything at all if it was damaged; null or undefined where there is none. */
  load(): Promise<unknown>;
  /** In place of what was there; null removes it. */
  save(kept: Kept | null): Promise<void>;
}

export function memoryVector<Kept extends KeptVector>(): VectorStore<Kept> {
  let kept: Kept | null = null;
  return {
    load: async () => kept,
    save: async (next) => {
      kept = next;
    },
  };
}

/** The report that it is to go into: of so many values, of this layout, and from this version. */
export interface ReportPlace {
  readonly baseVersion: number;
  readonly layoutSha256: Sha256;
}

/** What was loaded, if it is a vector for this report and at most so many versions old; else null. */
export function usableVector(
  loaded: unknown,
  count: number,
  { baseVersion, layoutSha256 }: ReportPlace,
  oldestVersions: number,
): KeptVector | null {
  const { values, version, layoutSha256: layout } = (loaded ?? {}) as Partial<KeptVector>;
  if (!(values instanceof Float32Array) || values.length !== count || layout !== layoutSha256) return null;
  const age = typeof version === 'number' ? baseVersion - version : Number.NaN;
  return age >= 0 && age <= oldestVersions && values.every(Number.isFinite) ? (loaded as KeptVector) : null;
}
