import { expect, test } from 'vitest';
import { secureRng } from '../../shared/rng.ts';
import { newSigningSecret, signatureHeaders } from './signature.ts';

test('the vector of Standard Webhooks', () => {
  expect(
    signatureHeaders(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330_999,
      '{"test": 2432232314}',
    ),
  ).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('each of id, time, body and secret changes the signature', () => {
  const [secret, other] = [newSigningSecret(secureRng), newSigningSecret(secureRng)];
  const signatures = [
    signatureHeaders(secret, 'a', 1_000, 'x'),
    signatureHeaders(secret, 'b', 1_000, 'x'),
    signatureHeaders(secret, 'a', 2_000, 'x'),
    signatureHeaders(secret, 'a', 1_000, 'y'),
    signatureHeaders(other, 'a', 1_000, 'x'),
  ].map((headers) => headers['webhook-signature']);
  expect(new Set(signatures).size).toBe(5);
});
