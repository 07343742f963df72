/** One call of a log of `strace -f -qq -y -xx`: where it began and ended among the lines, and what it was given. */
export interface Call {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** -1 where it failed. */
  readonly result: number;
  /** The descriptor that it was given first, and what it is: a path, or `socket:[…]`. */
  readonly fd: { readonly number: number; readonly path: string } | null;
  /** Paths and data, in order. */
  readonly strings: readonly Buffer[];
  /** Flags and numbers: all that is no string. */
  readonly rest: string;
}

/** Calls in the order in which they ended; those that did not end are left out. */
export function readStraceLog(text: string): Call[] {
  const begun = new Map<string, { readonly start: number; readonly head: string }>();
  const calls: Call[] = [];
  text.split('\n').forEach((line, at) => {
    const [, thread = '', said = ''] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>/.exec(said);
    if (said.endsWith('<unfinished ...>'))
      begun.set(thread, { start: at, head: said.slice(0, -'<unfinished ...>'.length) });
    else if (resumed !== null) {
      const first = begun.get(thread);
      begun.delete(thread);
      if (first !== undefined) add(first.head + said.slice(resumed[0].length), first.start, at);
    } else if (line !== '') add(said, at, at);
  });
  return calls;

  function add(said: string, start: number, end: number): void {
    // A signal; or a call that never came back, as the process ended.
    if (/^(---|\+\+\+)/.test(said) || / = \?$/.test(said)) return;
    const name = /^(\w+)\(/.exec(said)?.[1];
    const ending = /\) *= (-?\d+)[^"]*$/.exec(said);
    if (name === undefined || ending === null) throw new Error(`line ${start + 1} of the log cannot be read: ${said}`);
    const result = Number(ending[1]);
    // No string has a quote in it: with -xx all is written as \x22.
    const parts = said.slice(name.length + 1, ending.index).split('"');
    const [, number, path = '', isGone] = /^(\d+)<([^>]*)>(\(deleted\))?/.exec(parts[0] ?? '') ?? [];
    calls.push({
      ...{ name, start, end, result },
      fd: number === undefined || isGone ? null : { number: Number(number), path: String(unescaped(path)) },
      strings: parts.filter((_, index) => index % 2 === 1).map(unescaped),
      rest: parts.filter((_, index) => index % 2 === 0).join('"'),
    });
  }
}

const unescaped = (text: string): Buffer =>
  text.startsWith('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text);
