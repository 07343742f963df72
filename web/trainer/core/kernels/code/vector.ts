import { define, type FunctionCode, f32x4, floats, set, times } from '../../../../../shared/wasm/assembler.ts';

/** `to` ← `to` + Σ over `rows` of `from`, each of `columns` floats. */
export const sumRows: FunctionCode = define(['to', 'from', 'rows', 'columns'], ({ to, from, rows, columns }, scope) => {
  const target = scope.integer();
  return times(rows, [
    set(target, to),
    floats(scope, columns, [target, from], ({ load, store }) => store(target, f32x4.add(load(target), load(from)))),
  ]);
});
