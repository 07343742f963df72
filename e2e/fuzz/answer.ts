export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** It has no body, whatever it says. */
  readonly isHead: boolean;
}

/**
 * What is wrong with an answer, whatever was asked; null: nothing. `mayPass`: whoever asked may have what they asked for. A
 * 503 is wrong too: this server is one process, does not go, and has all its weights.
 */
export function wrongIn({ status, type, text, isHead }: Answer, mayPass: boolean): string | null {
  if (status >= 500) return `${status}: ${text.slice(0, 300)}`;
  if (status < 400) return mayPass || status === 304 ? null : `${status} for who may not: ${text.slice(0, 300)}`;
  if (isHead) return null;
  if (!/^application\/json(;|$)/.test(type)) return `${status} of the type ${type}: ${text.slice(0, 300)}`;
  return isErrorBody(text) ? null : `${status} in another shape than errors have: ${text.slice(0, 300)}`;
}

/** `{ error: { code, message, problems?: [{ path, message }] } }`, and nothing else. */
function isErrorBody(text: string): boolean {
  const body = parsed(text);
  if (!hasKeys(body, ['error']) || !hasKeys(body['error'], ['code', 'message'], ['problems'])) return false;
  const { code, message, problems = [] } = body['error'];
  return (
    typeof code === 'string' &&
    /^[a-z][a-z-]*$/.test(code) &&
    typeof message === 'string' &&
    Array.isArray(problems) &&
    problems.every(
      (one: unknown) =>
        hasKeys(one, ['path', 'message']) && typeof one['path'] === 'string' && typeof one['message'] === 'string',
    )
  );
}

function hasKeys(
  value: unknown,
  needed: readonly string[],
  allowed: readonly string[] = [],
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return needed.every((key) => keys.includes(key)) && keys.every((key) => [...needed, ...allowed].includes(key));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
