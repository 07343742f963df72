import { describe, expect, test } from 'vitest';
import { topologyOf } from '../../shared/task/model-of.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { KEPT_MS, type KeptProbe, probedOf, probeKeyOf } from './kept-probe.ts';

const kept: KeptProbe = {
  key: 'model in browser',
  atMs: 1_000,
  probed: {
    reference: { loss: 2.3, sketches: [new Array<number>(32).fill(0.5), new Array<number>(32).fill(0)] },
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
    { ...kept, probed: { ...kept.probed, reference: { loss: 2.3, sketches: [[1]] } } },
    { ...kept, probed: { ...kept.probed, reference: { loss: 2.3, sketches: [] } } },
    { ...kept, probed: { ...kept.probed, reference: { ...kept.probed.reference, loss: null } } },
    // As it was before each tensor had a sketch of its own.
    { ...kept, probed: { ...kept.probed, reference: { loss: 2.3, sketch: new Array<number>(64).fill(0.5) } } },
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

describe('the key of a probe', () => {
  const { client } = TEMPLATES.digits;
  const mlp = { topology: topologyOf(TEMPLATES.digits), client };
  const key = probeKeyOf(mlp, 'Firefox/153.0', '0.1.0');

  test('is the same for the same model, browser and version, whatever else of the plan changes', () => {
    const again = structuredClone({ ...mlp, client: { ...client, epochs: 9, learningRate: 0.5 } });
    expect(probeKeyOf(again, 'Firefox/153.0', '0.1.0')).toBe(key);
    expect(probedOf({ ...kept, key }, probeKeyOf(again, 'Firefox/153.0', '0.1.0'), 1_000)).toEqual(kept.probed);
  });

  test.each([
    ['another model', probeKeyOf({ topology: topologyOf(TEMPLATES.keywords), client }, 'Firefox/153.0', '0.1.0')],
    ['another browser', probeKeyOf(mlp, 'Chrome/156.0', '0.1.0')],
    ['another version of the same browser', probeKeyOf(mlp, 'Firefox/154.0', '0.1.0')],
    ['another version of ours', probeKeyOf(mlp, 'Firefox/153.0', '0.1.1')],
    ['batches of another size', probeKeyOf({ ...mlp, client: { ...client, batchSize: 32 } }, 'Firefox/153.0', '0.1.0')],
    ['another loss', probeKeyOf({ ...mlp, client: { ...client, loss: 'meanSquaredError' } }, 'Firefox/153.0', '0.1.0')],
  ])('is not that of %s, and what was kept is nothing there', (_, other) => {
    expect(other).not.toBe(key);
    expect(probedOf({ ...kept, key }, other, 1_000)).toBe(null);
  });
});
