import * as v from 'valibot';
import { LIMITS } from '../../shared/limits.ts';
import type { Participation } from '../../shared/protocol/index.ts';
import { FAULTS } from './core/backends/opened.ts';
import { DEVICE_NAMES } from './core/device.ts';
import type { Probed } from './core/finding.ts';
import { SKETCH_BUCKETS } from './core/reference.ts';

/**
 * What a probe found, as a page keeps it for its next visit: of one model, in one browser, by one version of ours, and for
 * a week, since drivers and machines change without telling.
 */
export interface KeptProbe {
  readonly key: string;
  readonly atMs: number;
  readonly probed: Probed;
}

export const KEPT_MS = 7 * 24 * 3_600_000;

const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const finding = v.variant('isRight', [
  v.strictObject({
    backend: v.picklist(DEVICE_NAMES),
    isRight: v.literal(true),
    stepMs: milliseconds,
    isFloor: v.boolean(),
  }),
  v.strictObject({
    backend: v.picklist(DEVICE_NAMES),
    isRight: v.literal(false),
    fault: v.picklist(FAULTS),
    reason: v.string(),
  }),
]);
const kept = v.strictObject({
  key: v.string(),
  atMs: finite,
  probed: v.strictObject({
    reference: v.strictObject({
      loss: finite,
      // One of the whole lay here once, under another name: what was kept so is nothing now, and is probed anew.
      sketches: v.pipe(
        v.array(v.pipe(v.array(finite), v.length(SKETCH_BUCKETS))),
        v.minLength(1),
        v.maxLength(2 * LIMITS.layersCount),
      ),
    }),
    findings: v.pipe(v.array(finding), v.maxLength(DEVICE_NAMES.length)),
  }),
});

/** What a finding holds for: this model and the shape of its steps, in this browser, by this version of ours. */
export const probeKeyOf = (
  { topology, client }: Pick<Participation, 'topology' | 'client'>,
  browser: string,
  version: string,
): string => JSON.stringify([version, browser, topology, client.loss, client.batchSize]);

/** What is still good of what lay in storage, where anything at all may lie. */
export function probedOf(stored: unknown, key: string, nowMs: number): Probed | null {
  const parsed = v.safeParse(kept, stored);
  if (!parsed.success || parsed.output.key !== key) return null;
  const ageMs = nowMs - parsed.output.atMs;
  return ageMs >= 0 && ageMs < KEPT_MS ? parsed.output.probed : null;
}
