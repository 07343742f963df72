import { fail, type Result, succeed } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import { isFinite32, toBytes } from '../../weights/vector.ts';
import type { ImportedModel } from './layers-model.ts';
import { type ImportProblem, importProblem, shown } from './problem.ts';
import { isObject, isSame, ownIn } from './settings.ts';

interface Run {
  /** Of the group's files, one after the other. */
  readonly fromByte: number;
  readonly sizeBytes: number;
  /** In the flat vector. */
  readonly toByte: number;
}
interface Group {
  readonly files: readonly string[];
  readonly sizeBytes: number;
  readonly runs: readonly Run[];
}

/** Which bytes of which files become which part of the flat vector. */
export interface WeightPlan {
  readonly groups: readonly Group[];
  readonly files: readonly string[];
  readonly sizeBytes: number;
  /** The files, joined as they are listed, are the flat vector already. */
  readonly isInOrder: boolean;
}

/** The name of a file and nothing else: no way into another folder. */
const FILE_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._()-]{0,199}$/u;

/**
 * The manifest of `model.json` against the layout: every tensor once, float32, of the shape that the layer takes.
 * Nothing is read or allocated; the converter lists layers by the alphabet, so the order need not be that of the model.
 */
export function planWeights({
  manifest,
  shape,
  originals,
}: ImportedModel): Result<WeightPlan, readonly ImportProblem[]> {
  const { layout } = shape;
  const sizeBytes = layout.size * 4;
  const no = (...problem: Parameters<typeof importProblem>) => fail([importProblem(...problem)]);
  if (!Array.isArray(manifest) || manifest.length === 0 || manifest.length > LIMITS.importedLayersCount)
    return no('weightsManifest', 'no-weights');
  if (sizeBytes > LIMITS.uploadedWeightsBytes)
    return no('weightsManifest', 'weights-limit', String(sizeBytes), String(LIMITS.uploadedWeightsBytes));

  const missing = new Set(layout.entries);
  const entryOf = (name: string) =>
    [...missing].find((entry) => isNamed(name, originalName(entry.name, originals), true)) ??
    [...missing].find((entry) => isNamed(name, originalName(entry.name, originals), false));
  const groups: Group[] = [];
  for (const [at, group] of (manifest as readonly unknown[]).entries()) {
    const path = `weightsManifest.${at}`;
    const files = ownIn(group, 'paths');
    const tensors = ownIn(group, 'weights');
    if (!Array.isArray(files) || !Array.isArray(tensors)) return no(path, 'no-weights');
    if (
      files.length > LIMITS.weightFilesCount ||
      !files.every((name) => typeof name === 'string' && FILE_NAME.test(name))
    )
      return no(`${path}.paths`, 'weights-name');
    const runs: Run[] = [];
    let fromByte = 0;
    for (const [index, tensor] of (tensors as readonly unknown[]).entries()) {
      const place = `${path}.weights.${index}`;
      const name = ownIn(tensor, 'name');
      if (!isObject(tensor) || typeof name !== 'string') return no(place, 'no-weights');
      if (Object.hasOwn(tensor, 'quantization')) return no(place, 'weights-quantized');
      if (tensor['dtype'] !== 'float32') return no(place, 'weights-dtype', shown(tensor['dtype']));
      const entry = entryOf(name);
      if (entry === undefined) return no(place, 'weights-unknown', shown(name));
      const sides = ownIn(tensor, 'shape');
      if (!isSame(sides, entry.shape))
        return no(`${place}.shape`, 'weights-shape', shown(sides), JSON.stringify(entry.shape));
      missing.delete(entry);
      runs.push({ fromByte, sizeBytes: entry.size * 4, toByte: entry.offset * 4 });
      fromByte += entry.size * 4;
    }
    groups.push({ files, sizeBytes: fromByte, runs });
  }
  const [first] = missing;
  if (first !== undefined) return no('weightsManifest', 'weights-missing', originalName(first.name, originals));
  const places = groups.flatMap(({ runs }) => runs.map(({ toByte }) => toByte));
  const isInOrder = places.every((place, index) => index === 0 || place > (places[index - 1] as number));
  return succeed({ groups, files: [...new Set(groups.flatMap(({ files }) => files))], sizeBytes, isInOrder });
}

/** `conv/kernel` here is `<name in the file>/kernel` there. */
function originalName(name: string, originals: ReadonlyMap<string, string>): string {
  const cut = name.lastIndexOf('/');
  return `${originals.get(name.slice(0, cut)) ?? name.slice(0, cut)}${name.slice(cut)}`;
}

/** Keras puts `:0` behind a name, and the model's name or a scope before it. */
const isNamed = (name: string, wanted: string, isExact: boolean): boolean => {
  const plain = name.replace(/:\d+$/, '');
  return plain === wanted || (!isExact && plain.endsWith(`/${wanted}`));
};

/** What is wrong with the sizes of the files, before one of them is read. */
export function fileProblems(plan: WeightPlan, sizes: ReadonlyMap<string, number>): readonly ImportProblem[] {
  const absent = plan.files.find((name) => !sizes.has(name));
  if (absent !== undefined) return [importProblem('weightsManifest', 'weights-file', absent)];
  return plan.groups.flatMap(({ files, sizeBytes }, at) => {
    const held = files.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
    const path = `weightsManifest.${at}.paths`;
    return held === sizeBytes ? [] : [importProblem(path, 'weights-bytes', String(held), String(sizeBytes))];
  });
}

/** The flat vector, float32 in the order of the layout. The files are those of which `fileProblems` found nothing. */
export function joinWeights(
  plan: WeightPlan,
  files: ReadonlyMap<string, Uint8Array>,
): Result<Float32Array, readonly ImportProblem[]> {
  const sizes = new Map([...files].map(([name, bytes]) => [name, bytes.byteLength]));
  const problems = fileProblems(plan, sizes);
  if (problems.length > 0) return fail(problems);
  const flat = new Float32Array(plan.sizeBytes / 4);
  const bytes = toBytes(flat);
  for (const { files: names, runs } of plan.groups) {
    const parts = names.map((name) => files.get(name) as Uint8Array);
    for (const run of runs) copyRun(parts, run, bytes);
  }
  return isFinite32(flat) ? succeed(flat) : fail([importProblem('weightsManifest', 'weights-not-finite')]);
}

/** One tensor may lie in several files. */
function copyRun(parts: readonly Uint8Array[], { fromByte, sizeBytes, toByte }: Run, into: Uint8Array): void {
  let start = 0;
  for (const part of parts) {
    const from = Math.max(fromByte, start);
    const to = Math.min(fromByte + sizeBytes, start + part.byteLength);
    if (from < to) into.set(part.subarray(from - start, to - start), toByte + from - fromByte);
    start += part.byteLength;
  }
}
