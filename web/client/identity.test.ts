import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import type { SecureRng } from '../../shared/rng.ts';
import { handshakeOf, secretOf } from './identity.ts';
import { memorySecrets } from './node.ts';

const task = 'digits' as TaskId;
const random: SecureRng = { kind: 'secure', bytes: (count) => Uint8Array.from({ length: count }, (_, index) => index) };

it('C22: a secret is 16 random bytes in hex, stored before it is used', async () => {
  const secrets = memorySecrets();
  expect(await secretOf(task, secrets, random)).toBe('000102030405060708090a0b0c0d0e0f');
  expect(await secrets.load(task)).toBe('000102030405060708090a0b0c0d0e0f');
});

it('C22: the stored secret is used again, unless it is none', async () => {
  const secrets = memorySecrets();
  await secrets.save(task, 'f'.repeat(32));
  expect(await secretOf(task, secrets, random)).toBe('f'.repeat(32));
  await secrets.save(task, 'damaged');
  expect(await secretOf(task, secrets, random)).toBe('000102030405060708090a0b0c0d0e0f');
});

it('the handshake names the protocol, and the join token where there is one', () => {
  const connection = { of: '0011223344556677', number: 1 };
  expect(handshakeOf('aa', undefined, 'x', connection)).toEqual({
    ...{ protocol: { min: 1, max: 1 }, secret: 'aa', software: 'x', connection },
  });
  expect(handshakeOf('aa', 'key', 'x', connection)).toMatchObject({ joinToken: 'key' });
});
