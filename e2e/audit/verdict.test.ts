import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verdictOf } from './verdict.ts';

const report = (vulnerabilities: object): string =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: {} });

test('threat D1: a high or critical weakness of a dependency is told by name', () => {
  expect(
    verdictOf(
      report({
        one: { name: 'one', severity: 'critical', range: '<2.0.0' },
        two: { name: 'two', severity: 'high', range: '*' },
        three: { name: 'three', severity: 'moderate', range: '*' },
      }),
    ),
  ).toEqual({ kind: 'bad', packages: ['one <2.0.0 (critical)', 'two * (high)'] });
});

test('ASVS 15.1.1: what SECURITY.md promises to mend within days is what the command fails on, and the rest waits for a release', () => {
  const page = readFileSync(join(import.meta.dirname, '../../SECURITY.md'), 'utf8');
  const [, soon = '', days] = /that is \*\*([\w ]+)\*\* is mended within \*\*(\w+ days)\*\*/.exec(page) ?? [];
  expect(days).toBe('seven days');
  expect(page).toMatch(/A \*\*lower\*\* one is mended with the next release/);
  for (const severity of ['info', 'low', 'moderate', 'high', 'critical'])
    expect(verdictOf(report({ one: { severity } })).kind, severity).toBe(
      soon.split(' or ').includes(severity) ? 'bad' : 'good',
    );
});

test('lower ones are counted, and none is good', () => {
  expect(verdictOf(report({ three: { severity: 'low', range: '*' } }))).toEqual({ kind: 'good', others: 1 });
  expect(verdictOf(report({}))).toEqual({ kind: 'good', others: 0 });
});

test.each([
  ['{"message":"405 Method Not Allowed","method":"POST"}', '405 Method Not Allowed'],
  ['{"error":{"code":"ENOTFOUND","summary":"request failed"}}', 'request failed'],
  ['npm ERR! network\nmore', 'npm ERR! network'],
  ['', 'npm said nothing'],
  ['{}', 'npm answered something else than a report'],
  [report({ one: { severity: 'terrible' } }), 'npm answered something else than a report'],
])('whoever could not ask knows nothing: %s', (output, reason) => {
  expect(verdictOf(output)).toEqual({ kind: 'unknown', reason });
});
