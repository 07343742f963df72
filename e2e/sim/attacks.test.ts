import { describe, expect, it } from 'vitest';
import type { Sha256 } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { bytesForm } from '../../shared/task/kinds/form.ts';
import { memoryStores, reportEncoder } from '../../web/client/report-encoder.ts';
import { examplesOf } from '../../web/trainer/core/examples.ts';
import {
  type AttackChoice,
  alie,
  alieZ,
  attackOf,
  Conspiracy,
  gaussian,
  innerProduct,
  labelsFlipped,
  notANumber,
  readAttack,
  signFlip,
  withoutMomentum,
} from './attacks.ts';
import { deltaTrainer } from './trainers.ts';

const own = Float32Array.of(1, -2, 0.5);
const scene = {
  honest: [Float32Array.of(1, 0, 4), Float32Array.of(3, 0, 0)],
  attackers: 1,
  rng: seededRng(1),
};

describe('attacks on deltas', () => {
  it.each([
    [25, 5, 0.25335],
    [10, 3, 0.18001],
    [25, 11, 1.06757],
  ])('ALIE of n = %i, m = %i takes z = %f', (clients, attackers, z) => {
    expect(alieZ(clients, attackers)).toBeCloseTo(z, 5);
  });

  it('ALIE of n = 10, m = 2 takes z = 0: the honest mean', () => {
    expect(alieZ(10, 2)).toBeCloseTo(0, 9);
    const eight = Array.from({ length: 8 }, (_, k) => Float32Array.of(k));
    expect(alie(null)(Float32Array.of(9), { ...scene, honest: eight, attackers: 2 })[0]).toBeCloseTo(3.5, 6);
  });

  it('each makes what its formula says', () => {
    expect([...signFlip(1)(own, scene)]).toEqual([-1, 2, -0.5]);
    expect([...signFlip(5)(own, scene)]).toEqual([-5, 10, -2.5]);
    // Means (2, 0, 2), standard deviations (1, 0, 2).
    expect([...alie(1.5)(own, scene)]).toEqual([0.5, 0, -1]);
    expect([...innerProduct(0.5)(own, scene)]).toEqual([-1, -0, -1]);
    expect([...notANumber(own, scene)]).toEqual([Number.NaN, -2, 0.5]);
    const noise = gaussian(200)(new Float32Array(10_000), scene);
    const square = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    expect(Math.sqrt(square)).toBeGreaterThan(190);
    expect(Math.sqrt(square)).toBeLessThan(210);
    expect([...own]).toEqual([1, -2, 0.5]);
  });

  it('labels are flipped, and nothing else', () => {
    const examples = examplesOf(bytesForm([1], 10), [
      { features: Uint8Array.of(7, 8, 9), targets: Uint16Array.of(0, 3, 9) },
    ]);
    const { parts } = labelsFlipped(examples);
    expect([...(parts[0]?.targets ?? [])]).toEqual([9, 6, 0]);
    expect([...(parts[0]?.features ?? [])]).toEqual([7, 8, 9]);
    expect([...(examples.parts[0]?.targets ?? [])]).toEqual([0, 3, 9]);
  });

  it('attackers see what the honest made of the same version, and no other', async () => {
    const conspiracy = new Conspiracy();
    const made = (values: readonly number[]) => deltaTrainer(() => Float32Array.from(values));
    const honest = [made([1, 0, 4]), made([3, 0, 0])].map((one) => conspiracy.observed(one, false));
    const bad = conspiracy.attacking(conspiracy.observed(made([9, 9, 9]), true), innerProduct(1), seededRng(1));
    const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
    for (const one of [...honest, bad]) await one.prepare({ parameters: 3 } as never, 'auto');
    const version = Float32Array.of(0, 0, 1);
    for (const one of honest) await one.train(version, options);
    await honest[0]?.train(Float32Array.of(5, 5, 5), options);
    const result = await bad.train(version.slice(), options);
    expect(result.ok && [...result.delta]).toEqual([-2, -0, -2]);
  });

  it('with momentum of reports attackers see what the honest report, and have none themselves', async () => {
    const conspiracy = new Conspiracy();
    let value = 4;
    const honest = conspiracy.observed(
      deltaTrainer(() => Float32Array.of(value)),
      false,
      0.5,
    );
    const own = deltaTrainer(() => Float32Array.of(9));
    const bad = conspiracy.attacking(conspiracy.observed(own, true, 0.5), innerProduct(1), seededRng(1));
    const options = { seed: 1, signal: new AbortController().signal, onProgress: () => {} };
    for (const one of [honest, bad]) await one.prepare({ parameters: 1 } as never, 'auto');
    const played = async (version: number) => {
      const params = Float32Array.of(version);
      const made = await honest.train(params, options);
      const result = await bad.train(params, options);
      return [made, result].map((one) => one.ok && [...one.delta]);
    };
    expect(await played(0)).toEqual([[4], [-4]]);
    value = 1;
    // The honest will report (1 + ½ · 4) / 1½; what its trainer makes stays as it is.
    expect(await played(1)).toEqual([[1], [-2]]);
  });

  it('an attacker’s encoder reports what it is given, however often', async () => {
    const encoder = withoutMomentum(reportEncoder(memoryStores()));
    const coding = {
      ...{ codec: { up: 'float32' } as const, values: 1, examples: 1, steps: 1, seed: 1, momentum: 0.9 },
      ...{ baseSha256: 'ab'.repeat(32) as Sha256, layoutSha256: 'cd'.repeat(32) as Sha256 },
    };
    for (const value of [5, -7]) {
      const { bytes } = await encoder.encode(Float32Array.of(value), { ...coding, baseVersion: 1 });
      expect(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(96, true)).toBe(value);
      await encoder.settle(true);
    }
  });
});

it.each<[string, AttackChoice | null]>([
  ['sign-flip', { name: 'sign-flip', strength: null }],
  ['sign-flip:10', { name: 'sign-flip', strength: 10 }],
  ['alie:1.5', { name: 'alie', strength: 1.5 }],
  ['label-flip', { name: 'label-flip', strength: null }],
  ['label-flip:2', null],
  ['nan:1', null],
  ['ipm:', null],
  ['ipm:x', null],
  ['ipm:1:2', null],
  ['backdoor', null],
])('reads the attack %j as %j', (text, expected) => {
  expect(readAttack(text)).toEqual(expected);
  if (expected !== null) expect(attackOf(expected) === null).toBe(expected.name === 'label-flip');
});
