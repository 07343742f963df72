/** Thrown when our own code is wrong; never for input. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Throws `BugError` unless the condition holds. For what cannot happen, never for what people or the wire send. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** Ends an exhaustive switch: a compile error when a case is missing, a `BugError` if one slips through. */
export function unreachable(value: never): never {
  throw new BugError(`unreachable: ${JSON.stringify(value)}`);
}
