/**
 * Work in steps of a millisecond or so: at each `yield` whoever runs it may let others have a turn. Nothing is said on
 * the way, and the result is the same however it is run.
 */
export type Steps<Value> = Generator<undefined, Value, undefined>;

/** All of it at once. */
export function finish<Value>(steps: Steps<Value>): Value {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
