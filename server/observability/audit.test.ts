import { expect, test } from 'vitest';
import { StorageFullError } from '../storage/errors.ts';
import { memoryStorage } from '../storage/memory/memory.ts';
import { createAudit } from './audit.ts';
import { createLogger } from './logger.ts';

const clock = { now: () => 1_700_000_000_000 };
function logged() {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  return { logger, lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('the log has the hash of each row of the chain, and none of a refused login', async () => {
  const { admin } = memoryStorage();
  const { logger, lines } = logged();
  const audit = createAudit(admin, clock, logger);
  await audit.record('token', 'webhook.set', null, { origin: 'https://hooks.example' });
  await audit.record('anonymous', 'session.refused', null);
  const [set] = await admin.auditAfter(0, 1);
  expect(lines()).toMatchObject([
    { audit: 'webhook.set', actor: 'token', sha256: set?.sha256 },
    { audit: 'session.refused' },
  ]);
  expect(lines()[1]).not.toHaveProperty('sha256');
});

test('what was done is in the log also where the database has no room for it', async () => {
  const { logger, lines } = logged();
  const full = { appendAudit: () => Promise.reject(new StorageFullError('full')) };
  await expect(createAudit(full, clock, logger).record('token', 'webhook.clear', null)).rejects.toThrow('full');
  expect(lines()).toMatchObject([{ audit: 'webhook.clear' }]);
});
