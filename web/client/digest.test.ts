import { afterEach, expect, it, vi } from 'vitest';
import { digest } from './digest.ts';
import { withoutWebCrypto } from './fakes/settling-clock.ts';

afterEach(() => void vi.unstubAllGlobals());

const abc = new TextEncoder().encode('abc');
// FIPS 180-2, appendix B.1
const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

it('C11: is SHA-256 with WebCrypto and without, of a view as of a whole buffer', async () => {
  expect(await digest(abc)).toBe(expected);
  expect(await digest(new Uint8Array([0, 97, 98, 99, 0]).subarray(1, 4))).toBe(expected);
  vi.stubGlobal('crypto', withoutWebCrypto);
  expect(await digest(abc)).toBe(expected);
});

it('C11: is that of a whole model without WebCrypto too, and the page has its turn meanwhile', async () => {
  const model = new Uint8Array(2.5 * 2 ** 20).fill(97);
  const withWebCrypto = await digest(model);
  vi.stubGlobal('crypto', withoutWebCrypto);
  let isTurned = false;
  setTimeout(() => {
    isTurned = true;
  });
  expect(await digest(model)).toBe(withWebCrypto);
  expect(isTurned).toBe(true);
});
