import { describe, expect, test } from 'vitest';
import { KEPT_MS, type KeptProbe, probedOf } from './kept-probe.ts';

const kept: KeptProbe = {
  key: 'model in browser',
  atMs: 1_000,
  probed: {
    reference: { loss: 2.3, sketch: new Array<number>(64).fill(0.5) },
    findings: [
      {
        backend: 'webgl',
        isRight: false,
        fault: 'wrong',
        reason: 'WebGL computes this model wrongly here (off by 2 %)',
      },
      { backend: 'wasm', isRight: true, stepMs: 5.1, isFloor: false },
      { backend: 'cpu', isRight: true, stepMs: 860, isFloor: true },
    ],
  },
};
const stored: unknown = JSON.parse(JSON.stringify(kept));

describe('a kept probe', () => {
  test('comes back as it was, for the same key and within a week', () => {
    expect(probedOf(stored, kept.key, 1_000)).toEqual(kept.probed);
    expect(probedOf(stored, kept.key, 999 + KEPT_MS)).toEqual(kept.probed);
  });

  test('is nothing for another model, browser or version, after a week, or from the future', () => {
    expect(probedOf(stored, 'another', 1_000)).toBe(null);
    expect(probedOf(stored, kept.key, 1_000 + KEPT_MS)).toBe(null);
    expect(probedOf(stored, kept.key, 0)).toBe(null);
  });

  test.each([
    null,
    'text',
    { ...kept, more: 1 },
    { ...kept, probed: { ...kept.probed, reference: { loss: 2.3, sketch: [1] } } },
    { ...kept, probed: { ...kept.probed, reference: { loss: null, sketch: kept.probed.reference.sketch } } },
    {
      ...kept,
      probed: { ...kept.probed, findings: [{ backend: 'abacus', isRight: true, stepMs: 1, isFloor: false }] },
    },
    {
      ...kept,
      probed: { ...kept.probed, findings: [{ backend: 'webgl', isRight: true, stepMs: -1, isFloor: false }] },
    },
  ])('is nothing where something else lies in its place', (other) => {
    expect(probedOf(other, kept.key, 1_000)).toBe(null);
  });
});
