import { expect, it } from 'vitest';
import { bytesIn, languageOf, numberIn } from './index.ts';

it('speaks the first language asked for that it has', () => {
  expect(languageOf('zh-CN', 'en')).toBe('zh');
  expect(languageOf(undefined, '', 'de-DE', 'ZH-hant', 'en')).toBe('zh');
  expect(languageOf('de', 'fr')).toBe('en');
});

it.each([
  [31_400, '31 kB'],
  [1_500, '1.5 kB'],
  [796_840, '797 kB'],
  [999_400, '999 kB'],
  [999_600, '1 MB'],
  [6_653_480, '6.7 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesIn(bytes).replace('\u00a0', ' ')).toBe(text);
});

it('groups thousands', () => expect(numberIn(199_210)).toBe('199,210'));
