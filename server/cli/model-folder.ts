import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../shared/errors.ts';
import { LIMITS } from '../../shared/limits.ts';
import { readLayersModelText } from '../../shared/model/import/layers-model.ts';
import { type ImportProblem, messageOf, NOTE_SENTENCES } from '../../shared/model/import/problem.ts';
import { fileProblems, joinWeights, planWeights } from '../../shared/model/import/weight-files.ts';
import type { ModelTopology } from '../../shared/model/topology.ts';
import { CommandError } from './connection.ts';

/** A model in a folder, as the converter or TF.js wrote it. */
export interface FolderModel {
  readonly topology: ModelTopology;
  /** The flat vector in the order of the layers; null where the folder has no file of weights. */
  readonly weights: Float32Array | null;
  readonly notes: readonly string[];
}

/** Reads `model.json` and the files of weights that it names, all beside it; sizes are checked before a file is read. */
export function readModelFolder(folder: string): FolderModel {
  const path = join(folder, 'model.json');
  const bytes = sizeOf(path);
  if (bytes === null) throw new CommandError(`${path} is not there: give the folder that the converter wrote`);
  if (bytes > LIMITS.modelJsonBytes)
    throw new CommandError(`${path} has ${bytes} bytes; a model.json of at most ${LIMITS.modelJsonBytes} is read`);
  const model = whole(path, readLayersModelText(readFileSync(path, 'utf8')));
  const notes = model.notes.map(({ code, layer }) => NOTE_SENTENCES[code](layer));
  const { topology } = model;
  if (!Array.isArray(model.manifest) || model.manifest.length === 0) return { topology, weights: null, notes };

  const plan = whole(path, planWeights(model));
  const sizes = new Map(plan.files.map((name) => [name, sizeOf(join(folder, name))] as const));
  if ([...sizes.values()].every((size) => size === null)) return { topology, weights: null, notes };
  const there = new Map([...sizes].filter((entry): entry is [string, number] => entry[1] !== null));
  const problems = fileProblems(plan, there);
  if (problems.length > 0) throw refusal(path, problems);
  const files = new Map(plan.files.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  return { topology, weights: whole(path, joinWeights(plan, files)), notes };
}

function whole<Value>(path: string, result: Result<Value, readonly ImportProblem[]>): Value {
  if (result.ok) return result.value;
  throw refusal(path, result.failure);
}

const refusal = (path: string, problems: readonly ImportProblem[]): CommandError =>
  new CommandError(
    [
      `${path} cannot be taken:`,
      ...problems.map((one) => `  ${[one.path, messageOf(one)].filter(Boolean).join(': ')}`),
    ].join('\n'),
  );

/** Of a plain file; null where there is none. */
function sizeOf(path: string): number | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : null;
}
