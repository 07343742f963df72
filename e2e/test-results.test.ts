import { describe, expect, it } from 'vitest';
import { playwrightResults, vitestResults } from './test-results.ts';

describe('vitest’s report', () => {
  it('names what failed, what was skipped and what did not load, with the reason', () => {
    const passed = { status: 'passed', fullName: 'adds', failureMessages: [] };
    const report = {
      numPassedTests: 1,
      numTotalTests: 3,
      testResults: [
        {
          name: 'a.test.ts',
          message: '',
          assertionResults: [
            passed,
            { status: 'failed', fullName: 'takes away', failureMessages: ['expected 1 to be 2\n    at a.test.ts:3'] },
            { status: 'skipped', fullName: 'divides', failureMessages: null },
          ],
        },
        { name: 'b.test.ts', message: 'Unexpected token', assertionResults: [] },
      ],
    };
    expect(vitestResults(report)).toEqual({
      passed: 1,
      failed: 2,
      failures: [
        '✗ a.test.ts › takes away (failed)\n    expected 1 to be 2\n        at a.test.ts:3',
        '✗ a.test.ts › divides (skipped)\n    ',
        '✗ b.test.ts (does not load)\n    Unexpected token',
      ],
    });
  });
});

describe('Playwright’s report', () => {
  const spec = (title: string, status: string, messages: readonly string[]) => ({
    file: 'a.spec.ts',
    title,
    tests: [{ status, results: [{ errors: messages.map((message) => ({ message })) }] }],
  });

  it('names what failed in suites of suites, and files that do not load', () => {
    const report = {
      stats: { expected: 1, unexpected: 1, flaky: 0, skipped: 1 },
      errors: [{ message: 'no such module' }],
      suites: [
        {
          specs: [spec('opens', 'expected', [])],
          suites: [{ specs: [spec('trains', 'unexpected', ['timed out']), spec('leaves', 'skipped', [])] }],
        },
      ],
    };
    expect(playwrightResults(report)).toEqual({
      passed: 1,
      failed: 2,
      failures: [
        '✗ e2e (error)\n    no such module',
        '✗ a.spec.ts › trains (unexpected)\n    timed out',
        '✗ a.spec.ts › leaves (skipped)\n    ',
      ],
    });
  });

  it('gives the start only of a message of many lines', () => {
    const long = Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n');
    const { failures } = playwrightResults({
      stats: { expected: 0, unexpected: 1, flaky: 0, skipped: 0 },
      errors: [],
      suites: [{ specs: [spec('trains', 'unexpected', [long])] }],
    });
    expect(failures[0]?.split('\n')).toHaveLength(26);
  });
});
