import { fail, type Result, succeed } from '../../../shared/errors.ts';
import { LIMITS } from '../../../shared/limits.ts';
import { type ImportedModel, readLayersModelText } from '../../../shared/model/import/layers-model.ts';
import { type ImportProblem, importProblem } from '../../../shared/model/import/problem.ts';
import { fileProblems, joinWeights, planWeights } from '../../../shared/model/import/weight-files.ts';

export interface BroughtFiles {
  readonly model: ImportedModel;
  /** null: no file of weights was chosen, and the seed makes them. */
  readonly weights: Float32Array | null;
}

/**
 * The files that somebody chose: `model.json` and, with it, those of its weights. Sizes are checked before a file is
 * read; what is of no use is passed over.
 */
export async function readModelFiles(files: readonly File[]): Promise<Result<BroughtFiles, readonly ImportProblem[]>> {
  const isJson = ({ name }: File): boolean => /\.json$/i.test(name);
  const json = files.find(({ name }) => name === 'model.json') ?? files.find(isJson);
  if (json === undefined) return fail([importProblem('', 'no-file')]);
  if (json.size > LIMITS.modelJsonBytes)
    return fail([importProblem('', 'too-large', String(json.size), String(LIMITS.modelJsonBytes))]);
  const model = readLayersModelText(await json.text());
  if (!model.ok) return model;
  const others = files.filter((file) => !isJson(file));
  if (others.length === 0) return succeed({ model: model.value, weights: null });

  const plan = planWeights(model.value);
  if (!plan.ok) return plan;
  const problems = fileProblems(plan.value, new Map(others.map(({ name, size }) => [name, size])));
  if (problems.length > 0) return fail(problems);
  const wanted = others.filter(({ name }) => plan.value.files.includes(name));
  const read = await Promise.all(
    wanted.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
  );
  const weights = joinWeights(plan.value, new Map(read));
  return weights.ok ? succeed({ model: model.value, weights: weights.value }) : weights;
}
