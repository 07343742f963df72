import { expect, it } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import type { ClientView } from '../../web/client/view.ts';
import { leavesRounds, slownessOf } from './devices.ts';
import { readOptions } from './options.ts';
import { simulate, specOf } from './simulation.ts';
import { betterFirst, sweep } from './sweep.ts';

it('trains a population on its own examples over real sockets', async () => {
  const flags = '--task seed-dense --clients 6 --cohort 4 --rounds 3 --examples 100 --partition shards:4 --seed 2';
  const options = readOptions(flags.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  const lines: string[] = [];
  const figures = await simulate(options, (line) => lines.push(line));
  expect(figures).toMatchObject({ task: 'seed-dense', seed: 2, initial: { version: 0 }, final: { version: 3 } });
  expect(figures.clients).toEqual(Array(6).fill({ backend: 'wasm', requested: 'auto', reason: null }));
  expect(figures.rounds.map(({ number, outcome, version }) => [number, outcome, version])).toEqual([
    [1, 'committed', 1],
    [2, 'committed', 2],
    [3, 'committed', 3],
  ]);
  for (const { accepted, uplinkBytes, downlinkBytes } of figures.rounds) {
    expect(accepted).toBe(4);
    expect(uplinkBytes).toBe(4 * (96 + 4 * 7_850));
    expect(downlinkBytes).toBe(4 * 4 * 7_850);
  }
  expect(figures.final.accuracy).toBeGreaterThan((figures.initial.accuracy ?? 1) + 0.02);
  expect(figures.final).toEqual({ version: 3, accuracy: figures.rounds[2]?.accuracy, loss: figures.rounds[2]?.loss });
  expect(lines).toHaveLength(5);
  expect(lines[4]).toMatch(/^3 rounds in \d+\.\d s, \d+\.\d\d s a round$/);
});

it('--set PATH=null takes a field of the template away, over its own flags too', () => {
  const options = readOptions('--epochs 2 --set client.epochs=null --set client.maxSteps=5'.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  expect(specOf(options).client).toEqual(expect.objectContaining({ maxSteps: 5, batchSize: 10 }));
  expect(specOf(options).client).not.toHaveProperty('epochs');
});

it('seed-dense: the one dense layer reaches 60 % in ten rounds of three contributors', async () => {
  const options = readOptions('--task seed-dense --clients 3 --rounds 10 --examples 600 --seed 6'.split(' '));
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  // The seed is the template's own: with it no class is dead from the start.
  expect(options.seed).toBe(TEMPLATES['seed-dense'].model.seed);
  const { initial, rounds, final } = await simulate(options, () => {});
  expect(rounds.map(({ outcome }) => outcome)).toEqual(Array(10).fill('committed'));
  expect(initial.accuracy).toBeLessThan(0.3);
  expect(final.accuracy).toBeGreaterThanOrEqual(0.6);
});

it('drops out once in a round at most, with the probability asked for, the same for the same seed', () => {
  const ROUNDS = 2_000;
  const played = (seed: number): string[] => {
    const heard: string[] = [];
    let tell: (view: ClientView) => void = () => {};
    const client = {
      subscribe: (listener: typeof tell) => {
        tell = listener;
        return () => {};
      },
      pause: () => void heard.push('pause'),
      resume: () => void heard.push('resume'),
    };
    leavesRounds(client, [{ state: 'training', probability: 0.25 }], seed, 3);
    for (let round = 1; round <= ROUNDS; round++) {
      for (const state of ['downloading', 'training', 'training', 'uploading'] as const) {
        tell({ state, round } as ClientView);
      }
      heard.push(String(round));
    }
    return heard;
  };
  const heard = played(1);
  const dropped = heard.filter((word) => word === 'pause').length;
  expect(dropped / ROUNDS).toBeGreaterThan(0.2);
  expect(dropped / ROUNDS).toBeLessThan(0.3);
  expect(heard.join(' ')).not.toMatch(/pause (?!resume)|resume pause/);
  expect(played(1)).toEqual(heard);
  expect(played(2)).not.toEqual(heard);
});

const optionsOf = (flags: string) => {
  const options = readOptions(flags.trim().split(' '));
  if (options === 'help' || 'problem' in options) throw new Error(`bad flags: ${flags}`);
  return options;
};
const SMALL = '--in-process --clients 10 --cohort 5 --examples 60 --batch 10 --set model.zoo=softmax --seed 3';

it('in one process: the same figures for one seed, in threads as well, and stops where it was told to', async () => {
  const run = (more: string) =>
    simulate(optionsOf(`${SMALL} --rounds 20 --until 0.6 --speed lognormal:0.5 ${more}`), () => {});
  const [one, two] = [await run(''), await run('--threads 2')];
  // A score sums its batches in pieces as they come: its loss is the same to float32, the versions are to the bit.
  const wholly = ({ rounds }: typeof one) => rounds.map(({ seconds: _, ...round }) => round);
  const alike = wholly(one).map((round) => ({ ...round, loss: expect.closeTo(round.loss ?? Number.NaN, 5) }));
  expect(wholly(two)).toEqual(alike);
  expect(one.final.accuracy).toBeGreaterThanOrEqual(0.6);
  expect(one.rounds.length).toBeLessThan(20);
  expect(one.rounds.at(-2)?.accuracy).toBeLessThan(0.6);
  expect(one.crossing?.round).toBeGreaterThan(one.rounds.length - 1);
  expect(one.clients[0]).toEqual({ backend: 'other', requested: 'auto', reason: null });
  const times = one.rounds.map(({ simulatedSeconds = 0 }) => simulatedSeconds);
  expect(times.every((time, at) => time > (times[at - 1] ?? 0))).toBe(true);
});

it.each([
  ['in one process', SMALL],
  ['over real sockets', SMALL.replace('--in-process ', '')],
])('%s: who has an earlier version takes steps, and a newcomer the model', async (_, flags) => {
  const down = '--set codec.down=uniform-8-rotated --set codec.range=0.1';
  const { rounds, final, initial } = await simulate(optionsOf(`${flags} --cohort 10 --rounds 3 ${down}`), () => {});
  // 7,850 values: the blocks of P42 have 7,872.
  const step = 96 + 7_872;
  expect(rounds.map(({ downlinkBytes }) => downlinkBytes)).toEqual([10 * 4 * 7_850, 10 * step, 10 * step]);
  expect(final.accuracy).toBeGreaterThan((initial.accuracy ?? 1) + 0.1);
});

it('in one process: slow devices take the steps that fit into the time, and the round ends with the last of them', async () => {
  const flags = `${SMALL} --cohort 10 --rounds 2 --epochs 50 --set client.maxSeconds=1 --speed pareto:1 --strategy fednova`;
  const { rounds, final } = await simulate(optionsOf(flags), () => {});
  // Six steps an epoch, of 10 ms on the usual device; the stream of the seed is that of the devices' speed.
  const taken = slownessOf(10, { kind: 'pareto', alpha: 1 }, seededRng(3, 4)).map((slowness) => {
    const stepMs = 10 * slowness;
    return stepMs * Math.min(300, 1 + Math.ceil(1_000 / stepMs));
  });
  const longest = Math.max(...taken) / 1_000;
  expect(rounds.map(({ simulatedSeconds }) => simulatedSeconds)).toEqual([
    expect.closeTo(longest, 6),
    expect.closeTo(2 * longest, 6),
  ]);
  const again = await simulate(optionsOf(flags), () => {});
  expect(again.final).toEqual({ ...final, loss: expect.closeTo(final.loss ?? Number.NaN, 5) });
});

it('in one process: momentum of reports is the same for one seed, and with β = 0 it is as without', async () => {
  const versions = async (more: string) => {
    const { rounds, final } = await simulate(optionsOf(`${SMALL} --rounds 6 ${more}`), () => {});
    return [...rounds.map(({ accuracy }) => accuracy), final.accuracy];
  };
  const [plain, none] = [await versions(''), await versions('--set client.reportMomentum=0')];
  const [one, two] = [
    await versions('--set client.reportMomentum=0.9'),
    await versions('--set client.reportMomentum=0.9'),
  ];
  expect(none).toEqual(plain);
  expect(one).toEqual(two);
  // Five of ten take part in a round: the first has no past, the later ones have.
  expect(one[0]).toBe(plain[0]);
  expect(one).not.toEqual(plain);
});

it('in one process: a buffer says how far behind its reports were', async () => {
  const buffer = '--strategy fedbuff --set strategy.schedule.concurrency=10 --speed pareto:1';
  const { rounds } = await simulate(optionsOf(`${SMALL} --rounds 6 ${buffer}`), () => {});
  expect(rounds[0]?.staleness).toBe(0);
  expect(rounds.at(-1)?.staleness).toBeGreaterThan(0);
});

it('in one process: reports past the deadline are late, those who leave are dropped, and rounds go on', async () => {
  const flags = `${SMALL} --rounds 6 --deadline 60 --late 0.2 --leave downloading:0.1,training:0.1,uploading:0.1`;
  const { rounds } = await simulate(optionsOf(flags), () => {});
  const committed = rounds.filter(({ outcome }) => outcome === 'committed');
  expect(committed).toHaveLength(6);
  // Six steps of 10 ms: only a round that waited for somebody in vain takes until its deadline.
  const seconds = rounds.map(
    ({ simulatedSeconds = 0 }, at) => simulatedSeconds - (rounds[at - 1]?.simulatedSeconds ?? 0),
  );
  for (const [at, { accepted }] of rounds.entries()) {
    const isLate = (seconds[at] as number) > 59;
    expect(accepted).toBeGreaterThanOrEqual(2);
    if (isLate) expect(accepted).toBeLessThan(5);
  }
  expect(seconds.some((time) => time > 59)).toBe(true);
  expect(seconds.some((time) => time < 5)).toBe(true);
});

it('threats C1 C2: in one process: attackers spoil the mean, and what is no number is refused', async () => {
  const clean = await simulate(optionsOf(`${SMALL} --cohort 10 --rounds 3`), () => {});
  const flipped = await simulate(
    optionsOf(`${SMALL} --cohort 10 --rounds 3 --attack sign-flip:10 --malicious 0.2`),
    () => {},
  );
  expect(flipped.final.accuracy).toBeLessThan((clean.final.accuracy ?? 0) - 0.2);
  const inner = await simulate(optionsOf(`${SMALL} --cohort 10 --rounds 1 --attack ipm:8 --malicious 0.2`), () => {});
  expect(inner.final.accuracy).toBeLessThan((clean.rounds[0]?.accuracy ?? 0) - 0.2);
  const none = await simulate(optionsOf(`${SMALL} --cohort 10 --rounds 1 --attack nan --malicious 0.2`), () => {});
  expect(none.rounds[0]).toMatchObject({ outcome: 'committed', accepted: 8, rejected: { 'not-finite': 2 } });
  const labels = await simulate(
    optionsOf(`${SMALL} --cohort 10 --rounds 1 --attack label-flip --malicious 1`),
    () => {},
  );
  expect(labels.final.accuracy).toBeLessThan(0.1);
});

it('in one process: a thousand contributors, fifty of them a round', async () => {
  const flags =
    '--in-process --clients 1000 --cohort 50 --over-selection 1.3 --rounds 2 --examples 20 --batch 10 --lr 0.1';
  const leaving = '--deadline 60 --speed pareto:1.5 --dropout 0.05';
  const figures = await simulate(optionsOf(`${flags} ${leaving} --set model.zoo=softmax`), () => {});
  expect(figures.clients).toEqual(Array(1_000).fill({ backend: 'other', requested: 'auto', reason: null }));
  expect(figures.rounds.map(({ outcome, accepted }) => [outcome, accepted])).toEqual([
    ['committed', 50],
    ['committed', 50],
  ]);
  expect(figures.final.accuracy).toBeGreaterThan((figures.initial.accuracy ?? 1) + 0.1);
});

const DIGITS_OF_TEN =
  '--in-process --clients 10 --examples 100 --batch 10 --lr 0.1 --set model.zoo=softmax --set rounds.minimum=10 --seed 3';
const FLIPPED = '--attack sign-flip:5 --malicious 0.2';
const accuracyOf = async (flags: string): Promise<number> =>
  (await simulate(optionsOf(`${DIGITS_OF_TEN} ${flags}`), () => {})).final.accuracy ?? Number.NaN;

it('two of ten that report −5 times their change ruin the mean, and the median comes within three points of no attack', async () => {
  const clean = await accuracyOf('--rounds 6');
  expect(clean).toBeGreaterThan(0.8);
  expect(await accuracyOf(`--rounds 6 ${FLIPPED}`)).toBeLessThan(0.3);
  expect(await accuracyOf(`--rounds 6 --strategy robust ${FLIPPED}`)).toBeGreaterThan(clean - 0.03);
});

it('the median holds with momentum at the clients as well, which the mean does not', async () => {
  const momentum = `--rounds 3 --set client.optimizer=momentum --set client.momentum=0.9 --lr 0.02 ${FLIPPED}`;
  expect(await accuracyOf(momentum)).toBeLessThan(0.3);
  expect(await accuracyOf(`${momentum} --strategy robust`)).toBeGreaterThan(0.65);
});

it('G1 G2: what attackers make of the mean is held back by the guard of the template, and the task pauses', async () => {
  const lines: string[] = [];
  const guard = `--set guard.drop=${TEMPLATES.digits.guard.drop}`;
  const attack = '--attack sign-flip:10 --malicious 0.3 --attack-after 3';
  const options = optionsOf(`${DIGITS_OF_TEN} --rounds 8 ${guard} ${attack}`);
  const { rounds, final, pausedReason, config } = await simulate(options, (line) => lines.push(line));
  expect(config).toMatchObject({ spec: { guard: { drop: 0.1 } } });
  expect(rounds.map(({ outcome, version }) => [outcome, version])).toEqual([
    ['committed', 1],
    ['committed', 2],
    ['committed', 3],
    ['abandoned', null],
  ]);
  expect(pausedReason).toBe('guard');
  expect(lines).toContain('round   4  abandoned: guard');
  expect(lines.at(-1)).toBe('the task has paused: guard');
  // What is published is the last version before the attack, with what it had learnt.
  expect(final).toMatchObject({ version: 3, accuracy: rounds[2]?.accuracy });
  expect(final.accuracy).toBeGreaterThan(0.5);
});

it('a sweep says which rate reached the most', async () => {
  const lines: string[] = [];
  const options = optionsOf(`sweep --lr 0.0001,0.1 ${SMALL} --rounds 2`);
  const tried = await sweep(options, options.sweep ?? [], { say: (line) => lines.push(line) });
  expect(tried.map(({ rate }) => rate)).toEqual([0.1, 0.0001]);
  expect(tried[0]?.best).toBeGreaterThan((tried[1]?.best ?? 1) + 0.1);
  expect(lines).toEqual([
    expect.stringMatching(/^lr 0\.0001 {2}\d+\.\d\d % after 2 rounds$/),
    expect.stringMatching(/^lr 0\.1 /),
  ]);
});

it.each([
  [
    { best: 0.9, crossed: 12 },
    { best: 0.99, crossed: 15 },
  ],
  [
    { best: 0.9, crossed: 12 },
    { best: 0.99, crossed: null },
  ],
  [
    { best: 0.99, crossed: null },
    { best: 0.9, crossed: null },
  ],
])('%j is better than %j', (better, worse) => {
  expect(betterFirst(better, worse)).toBeLessThan(0);
  expect(betterFirst(worse, better)).toBeGreaterThan(0);
});

it('says what it cannot do', async () => {
  const options = readOptions(['--clients', '200', '--examples', '600']);
  if (options === 'help' || 'problem' in options) throw new Error('bad flags');
  await expect(simulate(options, () => {})).rejects.toThrow('more than the 60000 there are');
});
