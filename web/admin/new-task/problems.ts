import type { Problem } from '../../../shared/errors.ts';
import { parseTaskSpec } from '../../../shared/task/parse.ts';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { formatNumber } from '../../ui/index.ts';
import { adminWords } from '../words/index.ts';
import { boundsOf } from './bounds.ts';
import { type Draft, hasOwnTopology, kindIn, specOf } from './draft.ts';
import { type FieldPath, SECTIONS } from './sections.ts';

/** Field → what is wrong with it; `''` for what belongs to no field. */
export type FieldProblems = ReadonlyMap<FieldPath | '', string>;

export type Checked =
  | { readonly ok: true; readonly spec: TaskSpec }
  | { readonly ok: false; readonly problems: FieldProblems };

/** The draft as a task, or what is wrong, by the very parser that the server uses. */
export function check(draft: Draft, isTaken: (id: string) => boolean): Checked {
  const parsed = parseTaskSpec(specOf(draft));
  const found = parsed.ok ? [] : parsed.failure;
  const problems = new Map(byField(found, draft));
  const id = parsed.ok ? parsed.value.id : draft.spec['id'];
  if (typeof id === 'string' && isTaken(id) && !problems.has('id')) problems.set('id', adminWords().form.taken);
  return parsed.ok && problems.size === 0 ? { ok: true, spec: parsed.value } : { ok: false, problems };
}

/** One sentence a field: the first. */
export function byField(problems: readonly Problem[], draft: Draft): FieldProblems {
  const found = new Map<FieldPath | '', string>();
  for (const problem of relevant(problems, draft)) {
    const field = fieldOf(problem.path, draft);
    if (!found.has(field)) found.set(field, sentenceOf(problem, field, draft));
  }
  return found;
}

/** Of a union the parser reports every branch: only the one that is being written counts. */
function relevant(problems: readonly Problem[], draft: Draft): readonly Problem[] {
  const isOwn = hasOwnTopology(draft);
  const isOtherBranch = ({ path, message }: Problem): boolean =>
    path === (isOwn ? 'model.zoo' : 'model.topology') ||
    (path.startsWith('model.topology.') !== isOwn && path.startsWith('model.topology.')) ||
    (path.startsWith('model.') && /never/.test(message));
  return problems.filter((problem) => !isOtherBranch(problem));
}

/** The shared parser's sentence that names what the sample data are. */
const SAMPLE_SHAPE = /^(\S+) is for data of shape (.+) with (\d+) labels; leave it out for other data$/;

const PATHS = SECTIONS.flatMap(({ fields }) => fields.map(({ path }) => path));

function fieldOf(path: string, draft: Draft): FieldPath | '' {
  if (path === 'client.epochs' || path === 'client.maxSteps') return 'client.amount';
  if (path === 'model' || path === 'model.zoo' || path === 'model.weights' || path.startsWith('model.topology')) {
    return hasOwnTopology(draft) ? 'model.topology' : 'model.zoo';
  }
  const longest = PATHS.filter((field) => path === field || path.startsWith(`${field}.`)).sort(
    (a, b) => b.length - a.length,
  );
  return longest[0] ?? '';
}

function sentenceOf({ path, message }: Problem, field: FieldPath | '', draft: Draft): string {
  const t = adminWords().form;
  const known = Object.hasOwn(t.problems, message) ? t.problems[message] : undefined;
  if (known !== undefined) return known;
  const sample = SAMPLE_SHAPE.exec(message);
  if (sample !== null) return t.sampleShape(sample[1] ?? '', sample[2] ?? '', sample[3] ?? '');
  if (field === 'model.topology' || field === 'data.columns') return jsonSentence(path, message, field);
  // The schema's own words are about values; a range says more. What the server adds stays as it is.
  if (!/^Invalid |^must be a (whole|finite) number$/.test(message))
    return field === '' ? `${path}: ${message}` : message;
  const { minimum, maximum, isWhole, leastLength, mostLength } = boundsOf(path, kindIn(draft));
  const scale = path.endsWith('Ms') ? 1_000 : 1;
  if (minimum !== null && maximum !== null) {
    const range = [plainNumber(minimum / scale), plainNumber(maximum / scale)] as const;
    return isWhole && scale === 1 ? t.whole(...range) : t.number(...range);
  }
  if (mostLength !== null) {
    const range = [formatNumber(leastLength ?? 0), formatNumber(mostLength)] as const;
    return field === 'data.labels' || field === 'access.allowedOrigins' ? t.lines(...range) : t.text(...range);
  }
  return field === '' ? `${path}: ${message}` : message;
}

function jsonSentence(path: string, message: string, field: string): string {
  const where = path.slice(field.length + 1);
  if (where === '' && message.startsWith('Invalid type')) return adminWords().form.noTopology;
  return where === '' ? message : `${where}: ${message}`;
}

/** As many digits as it has. */
export const plainNumber = (value: number): string => (Number.isInteger(value) ? formatNumber(value) : String(value));
