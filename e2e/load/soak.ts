import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { median, megabytes, milliseconds, whole } from '../bench/table.ts';
import { type Figure, figure, kilobytes, slopeOf } from './figure.ts';
import { rowsOf } from './rows.ts';
import { closeStage, collected, endedRound, type LoadOptions, openStage, type Stage } from './stage.ts';

const CONTRIBUTORS = 8;
const TASK = {
  template: 'seed-dense',
  id: 'soak',
  rounds: { goal: CONTRIBUTORS, minimum: CONTRIBUTORS, overSelection: 1 },
};
const SAMPLE_EVERY = 10;
/** The first rounds fill caches, pools and the twenty checkpoints that are kept whole; where there is no time at all, few of them. */
const warmRoundsOf = (minutes: number): number => (minutes === 0 ? SAMPLE_EVERY : 5 * SAMPLE_EVERY);
/** Two for each half. */
const SAMPLES_AT_LEAST = 4;

interface Sample {
  readonly round: number;
  readonly rssBytes: number;
  readonly heldBytes: number;
  readonly descriptors: number;
  readonly rows: number;
  readonly diskBytes: number;
  readonly files: number;
}

/** Rounds of a few contributors, one after the other, for so many minutes: what grows, and by how much a round. */
export async function soak({ minutes }: LoadOptions, say: (line: string) => void): Promise<readonly Figure[]> {
  const stage = await openStage(TASK);
  const { server, crowd, target, path } = stage;
  try {
    crowd.join(target, CONTRIBUTORS, 100);
    await crowd.until('everybody is there', 30_000, ({ available }) => available === CONTRIBUTORS);
    const samples: Sample[] = [];
    const roundMs: number[] = [];
    const startedAt = performance.now();
    let rounds = 0;
    while (performance.now() - startedAt < minutes * 60_000 || samples.length < SAMPLES_AT_LEAST) {
      const wanted = rounds === 0 ? warmRoundsOf(minutes) : SAMPLE_EVERY;
      await server.adminJson(`${path}/rounds`, { body: { count: wanted } });
      rounds += wanted;
      await endedRound(stage, rounds, 120_000);
      const ended = await server.adminJson<{ startedAt: string; endedAt: string }[]>(
        `${path}/rounds?limit=${SAMPLE_EVERY}`,
      );
      roundMs.push(...ended.map((one) => Date.parse(one.endedAt) - Date.parse(one.startedAt)));
      const sample = await sampleOf(stage, rounds);
      samples.push(sample);
      if (samples.length % 20 === 1) say(JSON.stringify(sample));
    }
    await crowd.until('nobody has gone', 10_000, ({ online }) => online === CONTRIBUTORS);
    return figuresOf(samples, roundMs);
  } finally {
    await closeStage(stage);
  }
}

async function sampleOf({ server }: Stage, round: number): Promise<Sample> {
  const { heldBytes, rssBytes } = await collected(server);
  const descriptors = (await readdir(`/proc/${server.pid}/fd`)).length;
  const { files, diskBytes } = await diskOf(server.dataFolder);
  return { round, heldBytes, rssBytes, descriptors, rows: rowsOf(server.dataFolder), diskBytes, files };
}

async function diskOf(folder: string): Promise<{ files: number; diskBytes: number }> {
  let files = 0;
  let diskBytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // What is removed meanwhile takes no room.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    if (found === null) continue;
    files += 1;
    diskBytes += found.blocks * 512;
  }
  return { files, diskBytes };
}

function figuresOf(samples: readonly Sample[], roundMs: readonly number[]): Figure[] {
  const perRound = (of: (sample: Sample) => number, from = samples): number => slopeOf(from.map(of)) / SAMPLE_EVERY;
  const first = samples[0] as Sample;
  const last = samples.at(-1) as Sample;
  const halves = [samples.slice(0, samples.length / 2), samples.slice(samples.length / 2)] as const;
  const signed = (show: (value: number) => string) => (value: number) => (value < 0 ? `–${show(-value)}` : show(value));
  const fraction = (value: number): string => value.toFixed(2);
  const both = (what: string, of: (sample: Sample) => number, show: (value: number) => string): Figure[] => [
    figure(`${what} a round, first half`, perRound(of, halves[0]), signed(show)),
    figure('… second half', perRound(of, halves[1]), signed(show)),
  ];
  return [
    figure('rounds', last.round, whole),
    figure('duration of a round, median', median(roundMs), milliseconds),
    figure(`resident memory after round ${first.round}, collected`, first.rssBytes, megabytes),
    figure(`… after round ${last.round}`, last.rssBytes, megabytes),
    figure('heap and buffers after the first', first.heldBytes, (value) => megabytes(value, 2)),
    figure('… after the last', last.heldBytes, (value) => megabytes(value, 2)),
    ...both('resident memory', (sample) => sample.rssBytes, kilobytes),
    ...both('heap and buffers', (sample) => sample.heldBytes, kilobytes),
    ...both('descriptors', (sample) => sample.descriptors, fraction),
    ...both('rows of the database', (sample) => sample.rows, fraction),
    ...both('files', (sample) => sample.files, fraction),
    ...both('disk', (sample) => sample.diskBytes, kilobytes),
  ];
}
