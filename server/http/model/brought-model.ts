import { fail, type Problem, type Result, succeed } from '../../../shared/errors.ts';
import { readLayersModel } from '../../../shared/model/import/layers-model.ts';
import { type ImportProblem, messageOf, NOTE_SENTENCES } from '../../../shared/model/import/problem.ts';
import { planWeights } from '../../../shared/model/import/weight-files.ts';

/** The body of a task whose model is in the project's own form, and what was changed on the way. */
export interface BroughtModel {
  readonly body: unknown;
  readonly notes: readonly string[];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `model: { layersModel, seed?, weights? }`, where `layersModel` is a whole `model.json`, becomes `model: { topology, … }`;
 * any other body stays as it is. Weights that were sent flat must be in the order of the layers: the manifest tells.
 */
export function withBroughtModel(body: unknown): Result<BroughtModel, readonly Problem[]> {
  if (!isObject(body) || !isObject(body['model']) || !Object.hasOwn(body['model'], 'layersModel'))
    return succeed({ body, notes: [] });
  const { layersModel, ...rest } = body['model'];
  const read = readLayersModel(layersModel);
  if (!read.ok) return fail(read.failure.map(problemOf));
  if (rest['weights'] !== undefined && Array.isArray(read.value.manifest)) {
    const plan = planWeights(read.value);
    if (!plan.ok) return fail(plan.failure.map(problemOf));
    if (!plan.value.isInOrder)
      return fail([problemOf({ path: 'weightsManifest', code: 'weights-order', detail: ['', ''] })]);
  }
  const notes = read.value.notes.map(({ code, layer }) => NOTE_SENTENCES[code](layer));
  return succeed({ body: { ...body, model: { ...rest, topology: read.value.topology } }, notes });
}

const problemOf = (problem: ImportProblem): Problem => ({
  path: ['model.layersModel', problem.path].filter(Boolean).join('.'),
  message: messageOf(problem),
});
