import { expect, it } from 'vitest';
import { storm } from './storm.ts';

const SECONDS = 60;
const seed = Number(process.env['STORM_SEED'] ?? 20_261_129);

it(`I1 I2 I3 I4 I7 I8: three processes in a minute of faults lose and double nothing, and rounds go on (STORM_SEED=${seed})`, async () => {
  const said: string[] = [];
  const figures = await storm({ seed, seconds: SECONDS, say: (line) => void said.push(line) }).catch(
    (error: unknown) => {
      console.error(said.join('\n'));
      throw error;
    },
  );
  console.log(JSON.stringify(figures));
  expect(figures.committed).toBeGreaterThan(0);
  expect(figures.acknowledged).toBeGreaterThan(0);
  expect(Object.values(figures.faults).reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(4);
}, 300_000);
