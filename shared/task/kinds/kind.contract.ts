import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { columnsProblem, emptyColumns, exampleSize } from './form.ts';
import { dataProblems, dataSchema, formOf, KIND_NAMES, type TaskData } from './index.ts';

/**
 * What every kind of data keeps. `data` is complete; each of `refused` is that with something wrong, under the path that
 * is to be told.
 */
export function kindContract(data: TaskData, refused: readonly (readonly [path: string, change: object])[]): void {
  describe(`the kind ${data.kind}`, () => {
    it('is in the registry, and its data pass their own schema unchanged', () => {
      expect(KIND_NAMES).toContain(data.kind);
      expect(v.parse(dataSchema, JSON.parse(JSON.stringify(data)))).toEqual(data);
      expect(dataProblems(data)).toEqual([]);
    });

    it('refuses unknown keys, and a kind that there is not', () => {
      expect(v.is(dataSchema, { ...data, surprise: 1 })).toBe(false);
      for (const kind of ['constructor', '__proto__', '', null])
        expect(v.is(dataSchema, { ...data, kind })).toBe(false);
    });

    it.each(refused)('refuses what is wrong at %s', (path, change) => {
      const parsed = v.safeParse(dataSchema, { ...data, ...change });
      const paths = parsed.success
        ? dataProblems(parsed.output).map((problem) => problem.path)
        : parsed.issues.map((issue) => `data.${v.getDotPath(issue)}`);
      expect(paths).toContain(path);
    });

    it('has examples that are as long as its form says, and no others', () => {
      const form = formOf(data);
      expect(exampleSize(form)).toBeGreaterThan(0);
      const columns = emptyColumns(form, 2);
      expect(columnsProblem(columns, form)).toBeNull();
      expect(columnsProblem({ ...columns, features: columns.features.subarray(1) }, form)).toMatch(/values/);
      expect(columnsProblem(emptyColumns(form, 0), form)).toMatch(/no example/);
      // A form crosses to threads and workers as it is.
      expect(structuredClone(form)).toEqual(form);
    });
  });
}
