import { assert } from '../../shared/assert.ts';
import type { Rng } from '../../shared/rng.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';

/**
 * Feature shift, as between cameras and scanners (Li et al., ICLR 2021, §3): contributors have the same labels in the same
 * shares, and pictures that look different. A value v from 0 to 1 becomes brightness + contrast · v, or of 1 − v.
 */
export interface Look {
  readonly contrast: number;
  readonly brightness: number;
  readonly isInverted: boolean;
}

/** Contrast from 0.2 to 1, brightness such that every value stays in its range; every second contributor's are inverted. */
export const looksOf = (clients: number, rng: Rng): readonly Look[] =>
  Array.from({ length: clients }, (_, index) => {
    const contrast = 0.2 + 0.8 * rng.uniform();
    return { contrast, brightness: (1 - contrast) * rng.uniform(), isInverted: index % 2 === 1 };
  });

/** Copies that look so. */
export function lookingAs(examples: Examples, { contrast, brightness, isInverted }: Look): Examples {
  const parts = examples.parts.map(({ features, targets }) => {
    assert(features instanceof Uint8Array, 'pictures are kept as bytes');
    const looked = features.map((value) => 255 * brightness + contrast * (isInverted ? 255 - value : value) + 0.5);
    return { features: looked, targets };
  });
  return examplesOf(examples.form, parts, examples.perPerson);
}
