import { assert } from '../../shared/assert.ts';
import type { ModelFacts, PersonalFit, PersonalFits } from './personal-fits.ts';

/** What every store of a personal model does: run in Node on the one in memory, in Chromium on the one in IndexedDB. */
export const CONTRACT_MODEL: ModelFacts = { layoutSha256: 'a'.repeat(64), parameters: 3, version: 7 };
export const CONTRACT_FIT: PersonalFit = {
  params: Float32Array.of(0.5, -1, 2),
  base: { version: 7, sha256: 'b'.repeat(64) },
  fitted: 24,
  heldOut: 6,
  figures: { before: { loss: 1.5, accuracy: 0.5 }, after: { loss: 0.25, accuracy: 1 } },
};

const plain = (value: unknown): string =>
  JSON.stringify(value, (_, inner) => (inner instanceof Float32Array ? [...inner] : inner));
function equal(actual: unknown, expected: unknown): void {
  assert(plain(actual) === plain(expected), `${plain(actual)} is not ${plain(expected)}`);
}
const save = async (fits: PersonalFits, fit: PersonalFit = CONTRACT_FIT): Promise<void> =>
  equal(await fits.save(fit, CONTRACT_MODEL), { ok: true });
/** By the names in it, whatever the order. */
async function loaded(fits: PersonalFits): Promise<PersonalFit | null> {
  const answer = await fits.load(CONTRACT_MODEL);
  assert('fit' in answer, plain(answer));
  return answer.fit;
}

export const PERSONAL_CONTRACT: Readonly<Record<string, (fits: PersonalFits) => Promise<void>>> = {
  async 'has none at first'(fits) {
    equal(await loaded(fits), null);
    equal(await fits.remove(), { ok: true });
  },

  async 'gives back the latest that was saved'(fits) {
    await save(fits, { ...CONTRACT_FIT, figures: null });
    equal((await loaded(fits))?.figures, null);
    await save(fits);
    const { params, base, fitted, heldOut, figures } = (await loaded(fits)) ?? CONTRACT_FIT;
    equal([[...params], base.version, base.sha256, fitted, heldOut], [[0.5, -1, 2], 7, 'b'.repeat(64), 24, 6]);
    equal([figures?.before.accuracy, figures?.after.accuracy, figures?.after.loss], [0.5, 1, 0.25]);
  },

  async 'keeps a copy'(fits) {
    const params = CONTRACT_FIT.params.slice();
    await save(fits, { ...CONTRACT_FIT, params });
    params[0] = 9;
    equal([...((await loaded(fits))?.params ?? [])], [0.5, -1, 2]);
  },

  async 'drops, and says so, what belongs to another model'(fits) {
    for (const other of [{ layoutSha256: 'c'.repeat(64) }, { version: 6 }]) {
      await save(fits);
      equal(await fits.load({ ...CONTRACT_MODEL, ...other }), { ok: false, reason: 'other-model' });
      equal(await loaded(fits), null);
    }
  },

  async 'drops, and says so, weights of another length'(fits) {
    await save(fits);
    equal(await fits.load({ ...CONTRACT_MODEL, parameters: 4 }), { ok: false, reason: 'damaged' });
    equal(await loaded(fits), null);
  },

  async 'forgets it'(fits) {
    await save(fits);
    equal(await fits.remove(), { ok: true });
    equal(await loaded(fits), null);
  },
};
