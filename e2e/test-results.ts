/** What a runner's JSON report says. */
export interface Results {
  readonly passed: number;
  /** A skipped or flaky test counts. */
  readonly failed: number;
  /** A line or more for each that did not pass: its name and why. */
  readonly failures: readonly string[];
}

/** The start of a message, which may hold whole pages. */
const LINES = 25;

interface VitestReport {
  readonly numPassedTests: number;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Why the file itself did not load. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** @param report what vitest's reporter `json` writes */
export function vitestResults({ numPassedTests, numTotalTests, testResults }: VitestReport): Results {
  const failures = testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message === '' ? [] : [failure(name, 'does not load', [message])]),
    ...assertionResults
      .filter(({ status }) => status !== 'passed')
      .map(({ fullName, status, failureMessages }) => failure(`${name} › ${fullName}`, status, failureMessages ?? [])),
  ]);
  return { passed: numPassedTests, failed: numTotalTests - numPassedTests, failures };
}

interface PlaywrightSuite {
  readonly suites?: readonly PlaywrightSuite[];
  readonly specs: readonly {
    readonly file: string;
    readonly title: string;
    readonly tests: readonly {
      readonly status: string;
      readonly results: readonly { readonly errors: readonly { readonly message?: string }[] }[];
    }[];
  }[];
}
interface PlaywrightReport {
  readonly suites: readonly PlaywrightSuite[];
  /** Of files that do not load. */
  readonly errors: readonly { readonly message?: string }[];
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
    readonly skipped: number;
  };
}

/** @param report what Playwright's reporter `json` writes */
export function playwrightResults({ suites, errors, stats }: PlaywrightReport): Results {
  const messagesOf = (all: readonly { readonly message?: string }[]) => all.map(({ message = '' }) => message);
  const inSuite = ({ suites = [], specs }: PlaywrightSuite): string[] => [
    ...specs.flatMap(({ file, title, tests }) =>
      tests
        .filter(({ status }) => status !== 'expected')
        .map(({ status, results }) =>
          failure(`${file} › ${title}`, status, messagesOf(results.flatMap((result) => result.errors))),
        ),
    ),
    ...suites.flatMap(inSuite),
  ];
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + stats.skipped,
    failures: [...messagesOf(errors).map((message) => failure('e2e', 'error', [message])), ...suites.flatMap(inSuite)],
  };
}

function failure(name: string, status: string, messages: readonly string[]): string {
  const lines = messages.join('\n').split('\n').slice(0, LINES);
  return [`✗ ${name} (${status})`, ...lines.map((line) => `    ${line}`)].join('\n');
}
