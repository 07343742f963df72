import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fromBytes } from '../../shared/weights/vector.ts';
import type { ApiRound } from '../demo/figures.ts';
import { scoredCheckpoint } from '../demo/waiting.ts';
import { type RunningServer, startServer } from '../fixtures/server.ts';
import type { ContributorFigures } from './contributor.ts';
import type { Orders, Said } from './contributors.ts';
import { distanceFromMean } from './deltas.ts';
import { type LoopDelay, loopDelayOf, memoryOf, scrape, seriesOf } from './server-figures.ts';
import { median, megabytes, milliseconds, seconds, tableOf, whole } from './table.ts';

export const CONTRIBUTORS = 200;
export const ROUNDS = 3;
const TASK = 'bench';
const path = `/api/tasks/${TASK}`;
/** 784 → 1258 → 10. */
const PARAMETERS = 1_000_120;

/** The MNIST model of a million parameters, so that the evaluation thread has every version to score. */
const task = {
  template: 'digits',
  id: TASK,
  title: 'A million parameters',
  model: {
    topology: {
      input: [28, 28, 1],
      layers: [
        { class_name: 'Flatten', config: { name: 'flatten' } },
        { class_name: 'Dense', config: { name: 'hidden', units: 1258, activation: 'relu' } },
        { class_name: 'Dense', config: { name: 'output', units: 10, activation: 'softmax' } },
      ],
    },
    seed: 1,
  },
  rounds: {
    goal: CONTRIBUTORS,
    minimum: CONTRIBUTORS,
    overSelection: 1,
    selectionDeadlineMs: 600_000,
    reportingDeadlineMs: 600_000,
  },
};

/** One run. Bytes and milliseconds; memory is that of the whole server process, threads included. */
interface RoundFigures {
  readonly idleBytes: number;
  readonly scoredBytes: number;
  readonly joinedBytes: number;
  readonly peakBytes: number;
  /** While the contributors joined, and from the start of the rounds to the last score. */
  readonly joinDelay: LoopDelay;
  readonly delay: LoopDelay;
  readonly roundMs: readonly number[];
  readonly accepted: number;
  readonly scored: number;
  readonly contributors: readonly ContributorFigures[];
  readonly serverWeightsBytes: number;
  readonly serverDownBytes: number;
  readonly serverUpBytes: number;
  readonly cpuMs: number;
  /** Of each new version from the Float64 mean, relative. */
  readonly distance: number;
}

/** 200 contributors in a process of their own against a server from dist/: three rounds of a million parameters. */
export async function benchRound(runs: number, say: (line: string) => void): Promise<void> {
  const all: RoundFigures[] = [];
  for (let run = 1; run <= runs; run++) {
    const figures = await measure();
    all.push(figures);
    say(`run ${run} of ${runs}: peak ${megabytes(figures.peakBytes)}, ${delayLine(figures.delay)}`);
  }
  say(`\n${tableOfRuns(all)}`);
}

const delayLine = ({ p99Ms, maximumMs }: LoopDelay): string =>
  `event-loop delay p99 ${milliseconds(p99Ms)}, maximum ${milliseconds(maximumMs)}`;

async function measure(): Promise<RoundFigures> {
  const server = await startServer();
  const contributors = fork(fileURLToPath(new URL('./contributors.ts', import.meta.url)), {
    execArgv: ['--import', pathToFileURL(fileURLToPath(new URL('../typescript.mjs', import.meta.url))).href],
  });
  try {
    const { nowBytes: idleBytes } = await memoryOf(server.pid);
    await server.adminJson('/api/tasks', { body: task });
    await scoredCheckpoint(server.adminJson, path, 0);
    const { nowBytes: scoredBytes } = await memoryOf(server.pid);
    const heard = listen(contributors);
    await scrape(server.url); // the delay histogram starts anew at each: start and first score are not in it
    contributors.send({
      ...{ url: server.url, task: TASK, count: CONTRIBUTORS, rounds: ROUNDS, values: PARAMETERS },
    } satisfies Orders);
    await heard('joined');
    const { nowBytes: joinedBytes } = await memoryOf(server.pid);
    const before = await scrape(server.url);
    await server.adminJson(`${path}/rounds`, { body: { count: ROUNDS } });
    const done = await heard('done');
    await scoredCheckpoint(server.adminJson, path, ROUNDS);
    const after = await scrape(server.url);
    const { peakBytes } = await memoryOf(server.pid);
    const rounds = await server.adminJson<ApiRound[]>(`${path}/rounds`);
    const of = (series: string): number => seriesOf(after, series) - seriesOf(before, series);
    return {
      ...{ idleBytes, scoredBytes, joinedBytes, peakBytes },
      joinDelay: loopDelayOf(before),
      delay: loopDelayOf(after),
      roundMs: rounds.map(({ startedAt, endedAt }) => Date.parse(endedAt ?? '') - Date.parse(startedAt)),
      accepted: rounds.reduce((sum, round) => sum + (round.outcome === 'committed' ? round.accepted : 0), 0),
      scored: of('fedtab_checkpoints_scored_total'),
      contributors: done.figures,
      serverWeightsBytes: of('fedtab_weights_bytes_total'),
      serverDownBytes: rounds.reduce((sum, round) => sum + round.downlinkBytes, 0),
      serverUpBytes: rounds.reduce((sum, round) => sum + round.uplinkBytes, 0),
      cpuMs: of('process_cpu_seconds_total') * 1000,
      distance: await distanceOf(server),
    };
  } finally {
    if (contributors.connected) contributors.disconnect();
    await server.dispose();
  }
}

/** Resolves with what the contributors say of this kind; rejects when they fail or their process ends before. */
function listen(child: ChildProcess) {
  return <Kind extends Said['kind']>(kind: Kind): Promise<Extract<Said, { kind: Kind }>> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        child.off('message', hear);
        child.off('exit', ended);
        act();
      };
      const hear = (said: Said): void => {
        if (said.kind === kind) settle(() => resolve(said as Extract<Said, { kind: Kind }>));
        else if (said.kind === 'failed') settle(() => reject(new Error(`a contributor failed: ${said.message}`)));
      };
      const ended = (code: number | null): void =>
        settle(() => reject(new Error(`the contributors' process ended with code ${code}`)));
      child.on('message', hear);
      child.once('exit', ended);
    });
}

/** Every version is what its round must make of the one before. */
async function distanceOf({ adminJson, url }: RunningServer): Promise<number> {
  const checkpoints = await adminJson<{ version: number; sha256: string }[]>(`/api/tasks/${TASK}/checkpoints`);
  const versions: Float32Array[] = [];
  for (const { sha256 } of checkpoints)
    versions.push(fromBytes(new Uint8Array(await (await fetch(`${url}/weights/${sha256}`)).arrayBuffer())));
  return Math.max(
    ...versions.slice(1).map((after, index) => distanceFromMean(versions[index] as Float32Array, after, CONTRIBUTORS)),
  );
}

function tableOfRuns(runs: readonly RoundFigures[]): string {
  const row = (
    name: string,
    of: (figures: RoundFigures) => number,
    show: (value: number) => string,
    limit = '',
  ): string[] => {
    const values = runs.map(of);
    return [name, show(median(values)), show(Math.max(...values)), limit];
  };
  const each = (of: (one: ContributorFigures) => number) => (figures: RoundFigures) =>
    Math.max(...figures.contributors.map(of)) / ROUNDS;
  const sum = (of: (one: ContributorFigures) => number) => (figures: RoundFigures) =>
    figures.contributors.reduce((total, one) => total + of(one), 0);
  return tableOf(
    ['of a run', `median of ${runs.length}`, 'worst', 'limit'],
    [
      row('peak memory of the server process', (run) => run.peakBytes, megabytes, '400 MB'),
      row('… after start', (run) => run.idleBytes, megabytes),
      row('… after the first score', (run) => run.scoredBytes, megabytes),
      row('… with all contributors connected', (run) => run.joinedBytes, megabytes),
      row('event-loop delay in the rounds, p99', (run) => run.delay.p99Ms, milliseconds, '50 ms'),
      row('event-loop delay in the rounds, maximum', (run) => run.delay.maximumMs, milliseconds, '250 ms'),
      row('event-loop delay in the rounds, median', (run) => run.delay.p50Ms, milliseconds),
      row('… while they joined, p99', (run) => run.joinDelay.p99Ms, milliseconds, '50 ms'),
      row('… while they joined, maximum', (run) => run.joinDelay.maximumMs, milliseconds, '250 ms'),
      row('duration of a round, median', (run) => median(run.roundMs), seconds),
      row('duration of a round, longest', (run) => Math.max(...run.roundMs), seconds),
      row('processor time of the server in all rounds', (run) => run.cpuMs, seconds),
      row('reports accepted', (run) => run.accepted, whole, `${CONTRIBUTORS * ROUNDS}`),
      row('versions scored', (run) => run.scored, whole, `${ROUNDS}`),
      row(
        'downloads whose hash is right',
        sum((one) => one.downloads),
        whole,
        `${CONTRIBUTORS * ROUNDS}`,
      ),
      row(
        'weights down, bytes a contributor and version, the most',
        each((one) => one.weightsBytes),
        whole,
        whole(PARAMETERS * 4),
      ),
      row(
        'all down, bytes a contributor and version, the most',
        each((one) => one.receivedBytes),
        whole,
      ),
      row(
        'all up, bytes a contributor and report, the most',
        each((one) => one.sentBytes),
        whole,
      ),
      row('weights down as the server counts them', (run) => run.serverWeightsBytes, whole),
      row('bytes down in its rounds', (run) => run.serverDownBytes, whole),
      row('bytes up in its rounds', (run) => run.serverUpBytes, whole),
      row(
        'told to come again',
        sum((one) => one.refusals),
        whole,
      ),
      row(
        'distance of a version from the Float64 mean',
        (run) => run.distance,
        (value) => value.toExponential(1),
        '1.0e-6',
      ),
    ],
  );
}
