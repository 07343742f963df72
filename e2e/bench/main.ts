import { benchAggregate } from './aggregate.ts';
import { benchCodec } from './codec.ts';
import { benchCodecAccuracy } from './codec-accuracy.ts';
import { machineLine } from './machine.ts';
import { benchMainThread } from './main-thread.ts';
import { readOptions } from './options.ts';
import { benchPersonal } from './personal.ts';
import { benchRobust } from './robust.ts';
import { benchRound } from './round.ts';
import { benchStartup } from './startup.ts';
import { benchTrainer } from './trainer.ts';

// `npm run bench`: prints tables, and judges nothing.

const BENCHES = {
  round: { isQuick: false, what: '200 contributors, a million parameters, 3 rounds', run: benchRound },
  aggregate: {
    isQuick: true,
    what: '10 reports of a million values, checked and folded, 100 of ten million, and 100 of a million under robust rules',
    run: benchAggregate,
  },
  codec: { isQuick: true, what: 'a million values through every codec: bytes, error, time', run: benchCodec },
  'codec-accuracy': {
    isQuick: false,
    what: 'what every codec costs in accuracy, and saves in bytes',
    run: benchCodecAccuracy,
  },
  robust: { isQuick: false, what: 'every robust rule under every attack', run: benchRobust },
  trainer: { isQuick: false, what: 'a step of every model on every backend', run: benchTrainer },
  'main-thread': { isQuick: false, what: 'the tasks of a contributor’s page while it trains', run: benchMainThread },
  personal: { isQuick: true, what: 'fits of one’s own, by how hard the shared model pulls', run: benchPersonal },
  startup: { isQuick: true, what: 'from the start of the process until it serves', run: benchStartup },
} as const;

const HELP = `npm run bench -- [NAME …] [--runs N] [--models A,B] [--backends A,B] [--rows A,B]
Prints a table for each benchmark; without a name for all that are quick.

${Object.entries(BENCHES)
  .map(([name, { what, isQuick }]) => `  ${name.padEnd(15)} ${what}${isQuick ? '' : ' (minutes)'}`)
  .join('\n')}

  --runs N        how often each is run (3)
  --models A,B    of the trainer's steps these models alone, without the tables of first steps
  --backends A,B  … on these backends alone: cpu, stock-wasm, wasm, webgl, webgpu
  --rows A,B      of robust and codec-accuracy these rows alone, by the names in their first column; of main-thread these scenes
`;

const options = readOptions(process.argv.slice(2), BENCHES);
if (options === 'help') console.log(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  for (const name of options.names) {
    console.log(`\n## ${name}: ${BENCHES[name].what}\n\n${machineLine()}\n`);
    await BENCHES[name].run(options.runs, (line) => console.log(line), options);
  }
}
