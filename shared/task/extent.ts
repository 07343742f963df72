/** Of values that are wrong each costs some microseconds: of this many all problems are told. */
const ALL_TOLD_COUNT = 2_000;
/** More than any object of a task has. */
const FIELDS_MAXIMUM = 500;

/**
 * How much untrusted JSON has in it, looked at before it is merged or parsed. `long`: more values than all problems are
 * told of. `sprawling`: an object of more fields than any of ours, of which each would be copied.
 */
export function extentOf(input: unknown): 'usual' | 'long' | 'sprawling' {
  const open: unknown[] = [input];
  let count = 0;
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      count += value.length;
      // What is in a longer one is neither merged nor told of.
      if (value.length <= ALL_TOLD_COUNT) open.push(...value);
      continue;
    }
    let fields = 0;
    for (const key in value) {
      count += 1;
      fields += 1;
      if (fields > FIELDS_MAXIMUM) return 'sprawling';
      open.push((value as Record<string, unknown>)[key]);
    }
  }
  return count > ALL_TOLD_COUNT ? 'long' : 'usual';
}
