import { describe, expect, test } from 'vitest';
import { pinned, readTarget } from './target.ts';

const addresses =
  (...list: string[]) =>
  async () =>
    list;

describe('threat C16: a URL', () => {
  test.each([
    ['https://hooks.example.org/a?b=c', []],
    ['https://hooks.example.org:8443/', []],
    ['http://hooks.internal/', ['hooks.internal']],
    ['http://hooks.internal:81/', ['hooks.internal:81']],
    ['http://hooks.internal/', ['hooks.internal:80']],
    ['http://[::1]:81/', ['[::1]:81']],
  ])('%s is taken where %j is allowed', (text, allowed) => {
    expect(readTarget(text, allowed)).toMatchObject({ ok: true, value: { href: text } });
  });

  test.each([
    ['http://hooks.example.org/', []],
    ['http://hooks.internal:82/', ['hooks.internal:81']],
    ['http://hooks.internal.evil.example/', ['hooks.internal']],
    ['https://user@hooks.example.org/', []],
    ['https://:secret@hooks.example.org/', []],
    ['file:///etc/passwd', ['']],
    ['gopher://hooks.example.org/', []],
    ['ftp://hooks.internal/', ['hooks.internal']],
    ['javascript:alert(1)', []],
    ['hooks.example.org', []],
    ['', []],
    [`https://hooks.example.org/${'x'.repeat(2_000)}`, []],
  ])('%s is refused where %j is allowed', (text, allowed) => {
    expect(readTarget(text, allowed)).toEqual({ ok: false, failure: expect.any(String) });
  });
});

describe('threat C16: the address of', () => {
  const pin = (text: string, allowed: string[], resolve = addresses('93.184.216.34')) =>
    pinned(new URL(text), allowed, resolve);

  test('a name is the first one that it has now', async () => {
    const resolve = addresses('93.184.216.34', '2606:2800:220:1::1');
    expect(await pin('https://a.example/', [], resolve)).toMatchObject({
      ok: true,
      value: { address: '93.184.216.34' },
    });
  });

  test.each([
    ['a name of this machine', 'https://localhost/', ['127.0.0.1']],
    ['a name that leads inside', 'https://a.example/', ['10.0.0.7']],
    ['a name that leads inside as well', 'https://a.example/', ['93.184.216.34', '169.254.169.254']],
    ['a name without one', 'https://a.example/', []],
    ['an address', 'https://169.254.169.254/latest/meta-data', []],
    ['an address in hex', 'https://0x7f000001/', []],
    ['an address as one number', 'https://2130706433/', []],
    ['an address in short', 'https://127.1/', []],
    ['an address in octal', 'https://0177.0.0.1/', []],
    ['an address with dots of another script', 'https://127。0。0。1/', []],
    ['a mapped address', 'https://[::ffff:127.0.0.1]/', []],
    ['a translated address', 'https://[64:ff9b::10.0.0.1]/', []],
  ])('%s is refused: %s', async (_, text, list) => {
    expect(await pin(text, ['b.example', 'a.example:8443'], addresses(...list))).toEqual({
      ok: false,
      failure: expect.any(String),
    });
  });

  test.each([
    ['https://a.example/', 'a.example', '10.0.0.7'],
    ['http://127.0.0.1:81/', '127.0.0.1:81', '127.0.0.1'],
    ['http://[::1]:81/', '[::1]', '::1'],
  ])('%s is taken where the operator allows %s', async (text, allowed, address) => {
    expect(await pin(text, [allowed], addresses(address))).toMatchObject({ ok: true, value: { address } });
  });

  test('a name that cannot be looked up is none', async () => {
    const failing = () => Promise.reject(new Error('ENOTFOUND'));
    expect(await pin('https://a.example/', ['a.example'], failing as never)).toMatchObject({ ok: false });
  });
});
