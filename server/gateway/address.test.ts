import { describe, expect, it } from 'vitest';
import { secureRng } from '../../shared/rng.ts';
import { clientAddress, networkNames } from './address.ts';

describe('clientAddress', () => {
  it.each([
    ['the peer, where nothing is in front', '203.0.113.7', undefined, 0, '203.0.113.7'],
    ['not what a client wrote, where nothing is in front', '203.0.113.7', '198.51.100.1', 0, '203.0.113.7'],
    ['what the one proxy wrote', '10.0.0.1', '198.51.100.1', 1, '198.51.100.1'],
    ['not what the client wrote before it', '10.0.0.1', '1.2.3.4, 198.51.100.1', 1, '198.51.100.1'],
    ['the second from the right behind two', '10.0.0.1', '1.2.3.4, 198.51.100.1, 10.0.0.2', 2, '198.51.100.1'],
    ['the first there is, where a proxy is missing', '10.0.0.1', '198.51.100.1', 3, '198.51.100.1'],
    ['the peer, where the proxy wrote nothing', '10.0.0.1', undefined, 1, '10.0.0.1'],
    ['the same for a repeated header', '10.0.0.1', ['1.2.3.4', '198.51.100.1'], 1, '198.51.100.1'],
    ['IPv4 in an IPv6 coat', '::ffff:203.0.113.7', undefined, 0, '203.0.113.7'],
    ['the /64 of IPv6', '2001:db8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2::/64'],
    ['the same /64', '2001:DB8:1:2::9', undefined, 0, '2001:db8:1:2::/64'],
    ['loopback', '::1', undefined, 0, '0:0:0:0::/64'],
    ['a link-local with its zone', 'fe80::1%eth0', undefined, 0, 'fe80:0:0:0::/64'],
    ['nonsense', '10.0.0.1', 'not an address', 1, 'unknown'],
    ['nothing at all', undefined, undefined, 0, 'unknown'],
  ])('takes %s', (_, remote, forwarded, hops, expected) => {
    expect(clientAddress(remote, forwarded, hops)).toBe(expected);
  });
});

describe('threat C9: the name of a network', () => {
  const nameOf = networkNames(secureRng.bytes(16));
  const named = (address: string): string => nameOf(clientAddress(address, undefined, 0));

  it.each([
    ['one /24', '203.0.113.1', '203.0.113.254', true],
    ['two of them', '203.0.113.1', '203.0.114.1', false],
    ['one /48', '2001:db8:1:2::1', '2001:db8:1:ffff::1', true],
    ['two of those', '2001:db8:1::1', '2001:db8:2::1', false],
  ])('is the same for %s: %s and %s: %s', (_, one, other, isSame) => {
    expect(named(one) === named(other)).toBe(isSame);
  });

  it('does not tell the address, and is another in the next process', () => {
    expect(named('203.0.113.1')).toMatch(/^[0-9a-f]{16}$/);
    expect(networkNames(secureRng.bytes(16))('203.0.113.1')).not.toBe(named('203.0.113.1'));
  });
});
