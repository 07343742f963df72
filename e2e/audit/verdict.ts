import * as v from 'valibot';

/** What `npm audit --json` says when it could ask: the packages with a known weakness, by name. */
const reportSchema = v.object({
  vulnerabilities: v.record(
    v.string(),
    v.object({
      severity: v.picklist(['info', 'low', 'moderate', 'high', 'critical']),
      range: v.optional(v.string(), ''),
    }),
  ),
});
const refusalSchema = v.object({
  message: v.optional(v.string()),
  error: v.optional(v.object({ summary: v.optional(v.string()) })),
});

export type Verdict =
  | { readonly kind: 'good'; readonly others: number }
  /** Each with its severity and the versions that have it. */
  | { readonly kind: 'bad'; readonly packages: readonly string[] }
  /** Nobody could be asked. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Reads the output of `npm audit --json`. High and critical are bad; lower ones are counted. */
export function verdictOf(output: string): Verdict {
  let json: unknown;
  try {
    json = JSON.parse(output);
  } catch {
    return { kind: 'unknown', reason: output.trim().split('\n')[0] || 'npm said nothing' };
  }
  const report = v.safeParse(reportSchema, json);
  if (!report.success) {
    const refusal = v.safeParse(refusalSchema, json);
    const reason = refusal.success ? (refusal.output.message ?? refusal.output.error?.summary) : undefined;
    return { kind: 'unknown', reason: reason || 'npm answered something else than a report' };
  }
  const all = Object.entries(report.output.vulnerabilities);
  const bad = all.filter(([, { severity }]) => severity === 'high' || severity === 'critical');
  return bad.length === 0
    ? { kind: 'good', others: all.length }
    : { kind: 'bad', packages: bad.map(([name, { severity, range }]) => `${name} ${range} (${severity})`) };
}
