// Recomputes every version of a kept run from the reports, by itself: nothing of Fedtab is imported.
// node recompute.mjs DIR prints, a round a line, the largest difference to what the server published.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const floats = (bytes, at = 0) =>
  new Float32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + bytes.length));
let worst = 0;
for (const name of readdirSync(folder)
  .filter((entry) => entry.startsWith('round-'))
  .sort()) {
  const { baseVersion, version, weighting } = JSON.parse(readFileSync(join(folder, name, 'round.json'), 'utf8'));
  const base = floats(readFileSync(join(folder, `version-${baseVersion}.f32`)));
  const published = floats(readFileSync(join(folder, `version-${version}.f32`)));
  const sum = new Float64Array(base.length);
  let weights = 0;
  for (const file of readdirSync(join(folder, name)).filter((entry) => entry.endsWith('.ftr'))) {
    const frame = readFileSync(join(folder, name, file));
    const weight = weighting === 'numExamples' ? frame.readUInt32LE(12) : 1;
    weights += weight;
    floats(frame, 96).forEach((delta, i) => {
      sum[i] += weight * delta;
    });
  }
  const difference = published.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (base[i] + sum[i] / weights))),
    0,
  );
  worst = Math.max(worst, difference);
  console.log(`${name}: version ${version}, largest difference ${difference.toExponential(2)}`);
}
process.exit(worst <= 1e-6 ? 0 : 1);
