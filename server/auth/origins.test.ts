import { describe, expect, test } from 'vitest';
import { hostOf, isOwnOrigin, mayEmbed } from './origins.ts';

const here = { publicUrl: null, host: 'localhost:8080' };

describe('isOwnOrigin', () => {
  test.each([
    ['http://localhost:8080', here, true],
    ['https://localhost:8080', here, true],
    ['http://LOCALHOST:8080', here, true],
    ['http://localhost:8081', here, false],
    ['http://localhost', here, false],
    ['http://localhost', { publicUrl: null, host: 'localhost:80' }, true],
    ['http://evil.example', here, false],
    ['http://localhost:8080.evil.example', here, false],
    ['null', here, false],
    ['not an origin', here, false],
    ['https://learn.example', { publicUrl: 'https://learn.example', host: '10.0.0.1:8080' }, true],
    ['http://[::1]:8080', { publicUrl: null, host: '[::1]:8080' }, true],
    ['http://localhost:8080', { publicUrl: null, host: undefined }, false],
    ['http://a@localhost:8080', { publicUrl: null, host: 'a@localhost:8080' }, false],
  ])('%s at %j: %s', (origin, server, expected) => {
    expect(isOwnOrigin(origin, server)).toBe(expected);
  });
});

describe('mayEmbed', () => {
  const spec = (...allowedOrigins: string[]) => ({ access: { allowedOrigins } });
  test.each([
    ['no Origin is a program', spec(), undefined, true],
    ['own origin', spec(), 'http://localhost:8080', true],
    ['a foreign one by default', spec(), 'https://site.example', false],
    ['one of the list', spec('https://a.example', 'https://site.example'), 'https://site.example', true],
    ['another scheme than the list', spec('https://site.example'), 'http://site.example', false],
    ['a subdomain of the list', spec('https://site.example'), 'https://x.site.example', false],
    ['any, where * was typed', spec('*'), 'https://site.example', true],
    ['sandboxed frames, by the list', spec('https://site.example'), 'null', false],
    ['sandboxed frames, where * was typed', spec('*'), 'null', true],
  ])('%s', (_, task, origin, expected) => {
    expect(mayEmbed(task, origin, here)).toBe(expected);
  });
});

test('hostOf takes what a Host header may be', () => {
  expect(hostOf('Example.org:80')).toBe('example.org:80');
  for (const bad of [undefined, '', 'a b', "x'; script-src *", 'a/b', 'a:b', 'x'.repeat(256)])
    expect(hostOf(bad)).toBe(undefined);
});
