import { memoryVector } from '../../shared/codec/kept-vector.ts';
import { createReportMomentum } from '../../shared/codec/report-momentum.ts';
import type { Sha256 } from '../../shared/ids.ts';
import type { Rng } from '../../shared/rng.ts';
import type { Encoder, Trainer } from '../../web/client/ports.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';

/** What an attacker knows when it reports: it sees everybody's work, as the papers assume. */
export interface Scene {
  /** What the honest contributors of this version report, in no particular order. */
  readonly honest: readonly Float32Array[];
  /** Attackers in the cohort, this one included. */
  readonly attackers: number;
  readonly rng: Rng;
}

/** What an attacker reports in the place of its own delta (local − global), whatever momentum the honest report with. */
export type Attack = (own: Float32Array, scene: Scene) => Float32Array;

/** −s · delta: sign flip for s = 1, scaled above. */
export const signFlip =
  (scale: number): Attack =>
  (own) =>
    own.map((value) => -scale * value);

/** N(0, σ²) in every coordinate (Blanchard et al., NeurIPS 2017, §5: σ = 200). */
export const gaussian =
  (sigma: number): Attack =>
  (own, { rng }) =>
    own.map(() => sigma * rng.normal());

export const notANumber: Attack = (own) => own.slice().fill(Number.NaN, 0, 1);

/**
 * "A little is enough" (Baruch, Baruch and Goldberg, NeurIPS 2019, algorithm 3): mean − z · std of the honest, coordinate by
 * coordinate. Without a z it is the largest that the majority still covers: of n = 10 with m = 2 that is 0, which sends the
 * honest mean.
 */
export const alie =
  (z: number | null): Attack =>
  (own, { honest, attackers }) => {
    const by = z ?? alieZ(honest.length + attackers, attackers);
    return own.map((_, at) => {
      const mean = honest.reduce((sum, delta) => sum + (delta[at] as number), 0) / honest.length;
      const variance = honest.reduce((sum, delta) => sum + ((delta[at] as number) - mean) ** 2, 0) / honest.length;
      return mean - by * Math.sqrt(variance);
    });
  };

/** z = Φ⁻¹((n − m − s) ÷ (n − m)) with s = ⌊n/2 + 1⌋ − m. */
export function alieZ(clients: number, attackers: number): number {
  const supporters = Math.floor(clients / 2 + 1) - attackers;
  return normalQuantile((clients - attackers - supporters) / (clients - attackers));
}

/** Inner product manipulation (Xie, Koyejo and Gupta, UAI 2019): −ε · mean of the honest. */
export const innerProduct =
  (epsilon: number): Attack =>
  (own, { honest }) =>
    own.map((_, at) => (-epsilon * honest.reduce((sum, delta) => sum + (delta[at] as number), 0)) / honest.length);

/** Φ⁻¹ by halving: Φ by its series (Abramowitz and Stegun 26.2.11), which is exact enough within ±6. */
function normalQuantile(share: number): number {
  let [low, high] = [-6, 6];
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function normalShare(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17 && k < 400; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** y → (classes − 1) − y, and honest training otherwise. */
export function labelsFlipped(examples: Examples): Examples {
  const { target } = examples.form;
  if (target.type !== 'class') throw new Error('only classes can be flipped');
  const parts = examples.parts.map((part) => ({ ...part, targets: part.targets.map((y) => target.count - 1 - y) }));
  return examplesOf(examples.form, parts as Examples['parts'], examples.perPerson);
}

export const ATTACK_NAMES = ['sign-flip', 'gaussian', 'label-flip', 'alie', 'ipm', 'nan'] as const;
export interface AttackChoice {
  readonly name: (typeof ATTACK_NAMES)[number];
  /** Scale, σ, z or ε; null takes the default. */
  readonly strength: number | null;
}

/** `sign-flip`, `sign-flip:5`, `gaussian:0.1`, `label-flip`, `alie`, `alie:1.5`, `ipm:0.5`, `nan`; null for anything else. */
export function readAttack(text: string): AttackChoice | null {
  const [name, figure, more] = text.split(':');
  const found = ATTACK_NAMES.find((one) => one === name);
  const strength = figure === undefined ? null : figure.trim() === '' ? Number.NaN : Number(figure);
  const isPlain = found === 'label-flip' || found === 'nan';
  if (found === undefined || more !== undefined || (isPlain && strength !== null)) return null;
  return strength === null || Number.isFinite(strength) ? { name: found, strength } : null;
}

/** Null where the attacker's examples are all that is bad. */
export function attackOf({ name, strength }: AttackChoice): Attack | null {
  switch (name) {
    case 'sign-flip':
      return signFlip(strength ?? 1);
    case 'gaussian':
      return gaussian(strength ?? 200);
    case 'alie':
      return alie(strength);
    case 'ipm':
      return innerProduct(strength ?? 0.5);
    case 'nan':
      return notANumber;
    case 'label-flip':
      return null;
  }
}

/** Whether it looks at what the others made: that takes one process, where all is there before the first report. */
export const looksAtOthers = ({ name }: AttackChoice): boolean => name === 'alie' || name === 'ipm';

/** Another trainer that is the honest one for its first assignments, so many, and the attacking one afterwards. */
export function sleeping(honest: Trainer, attacking: Trainer, assignments: number): Trainer {
  let begun = 0;
  return {
    ...attacking,
    train: (params, options) => (begun++ < assignments ? honest : attacking).train(params, options),
  };
}

/** Another encoder that reports what it is given: an attacker averages over nothing that it does not want to. */
export const withoutMomentum = (encoder: Encoder): Encoder => ({
  ...encoder,
  encode: (delta, coding) => encoder.encode(delta, { ...coding, momentum: 0 }),
});

/** Of one task all reports have one layout. */
const ANY_LAYOUT = '' as Sha256;

/** Versions whose work is remembered. */
const REMEMBERED = 4;

/** Of one version: what the honest report, and how many attack. */
interface Seen {
  /** Versions are told apart as they come, and counted. */
  readonly version: number;
  readonly honest: Float32Array[];
  attackers: number;
}

/** What everybody made of each version. */
export class Conspiracy {
  readonly #byVersion = new Map<string, Seen>();
  #versions = 0;

  /**
   * Another trainer that lets the attackers see what it makes. With momentum of reports, β = `beta`, they see what an honest contributor
   * will report, for which they take it that each of its reports is accepted.
   */
  observed(trainer: Trainer, isAttacker: boolean, beta = 0): Trainer {
    const momentum = createReportMomentum(memoryVector());
    return {
      ...trainer,
      train: async (params, options) => {
        const seen = this.#of(params);
        const result = await trainer.train(params, options);
        if (isAttacker) seen.attackers++;
        else if (result.ok) {
          const place = { baseVersion: seen.version, layoutSha256: ANY_LAYOUT };
          seen.honest.push(await momentum.blend(result.delta.slice(), beta, place));
          await momentum.settle(true);
        }
        return result;
      },
    };
  }

  /** Another trainer that reports what the attack makes. */
  attacking(trainer: Trainer, attack: Attack, rng: Rng): Trainer {
    return {
      ...trainer,
      train: async (params, options) => {
        const seen = this.#of(params);
        const result = await trainer.train(params, options);
        if (!result.ok) return result;
        const { honest, attackers } = seen;
        return { ...result, delta: attack(result.delta, { honest, attackers, rng }) };
      },
    };
  }

  #of(params: Float32Array): Seen {
    // Some thousand values tell one version from another.
    const stride = Math.max(1, Math.floor(params.length / 1_000));
    const name = params.filter((_, at) => at % stride === 0).join();
    const seen = this.#byVersion.get(name) ?? { version: this.#versions++, honest: [], attackers: 0 };
    this.#byVersion.set(name, seen);
    for (const oldest of this.#byVersion.keys()) {
      if (this.#byVersion.size <= REMEMBERED) break;
      this.#byVersion.delete(oldest);
    }
    return seen;
  }
}
