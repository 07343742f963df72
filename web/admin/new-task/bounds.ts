import { KINDS, type KindName } from '../../../shared/task/kinds/index.ts';
import { taskSpecSchema } from '../../../shared/task/spec.ts';

/** What the schema of TaskSpec says of one field, so that the form cannot say otherwise. */
export interface Bounds {
  /** Of a number. */
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly isWhole: boolean;
  /** Of a text's characters or a list's items. */
  readonly leastLength: number | null;
  readonly mostLength: number | null;
  /** Of a choice. */
  readonly options: readonly string[];
  /** May be absent. */
  readonly isOptional: boolean;
}

/** As much of a valibot schema as is read here. */
interface SchemaShape {
  readonly type?: string;
  readonly requirement?: unknown;
  readonly entries?: Readonly<Record<string, SchemaShape>>;
  readonly wrapped?: SchemaShape;
  readonly pipe?: readonly SchemaShape[];
  readonly item?: SchemaShape;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

/** `kind` is that of the data, for what differs by it. */
export function boundsOf(path: string, kind: KindName = 'image'): Bounds {
  let at: SchemaShape | undefined = taskSpecSchema as SchemaShape;
  for (const key of path.split('.')) {
    at = at && childOf(at, key);
    if (path.startsWith('data.') && key === 'data') at = KINDS[kind].schema as SchemaShape;
  }
  const inner = at?.wrapped ?? at;
  const rules = inner?.pipe ?? [];
  const requirement = (type: string): number | null => {
    const found = rules.find((rule) => rule.type === type)?.requirement;
    return typeof found === 'number' ? found : null;
  };
  const exact = requirement('length');
  return {
    minimum: requirement('min_value'),
    maximum: requirement('max_value'),
    isWhole: rules.some(({ type }) => type === 'integer'),
    leastLength: exact ?? requirement('min_length'),
    mostLength: exact ?? requirement('max_length'),
    options: (inner?.options ?? [inner?.literal]).filter((option) => typeof option === 'string'),
    isOptional: at?.wrapped !== undefined,
  };
}

function childOf(schema: SchemaShape, key: string): SchemaShape | undefined {
  const inner = schema.wrapped ?? schema;
  if (inner.entries !== undefined) return inner.entries[key];
  if (inner.item !== undefined && /^\d+$/.test(key)) return inner.item;
  // A union: whichever branch has the key. Of the key that tells its branches apart, all values.
  const branches = (inner.options ?? []) as readonly SchemaShape[];
  const children = branches.flatMap((branch) => branch.entries?.[key] ?? []);
  const literals = children.map(({ literal }) => literal);
  return literals.length > 1 && literals.every((literal) => typeof literal === 'string')
    ? { options: literals }
    : children[0];
}
