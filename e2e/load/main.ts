import { machineLine } from '../bench/machine.ts';
import { bus } from './bus.ts';
import { figuresTable } from './figure.ts';
import { floor } from './floor.ts';
import { idle } from './idle.ts';
import { OPTIONS_HELP, readOptions } from './options.ts';
import { processes } from './processes.ts';
import { round } from './round.ts';
import { soak } from './soak.ts';
import { storm } from './storm.ts';

// `npm run load`: prints a table for each scene. Exit 1 where something was lost, went wrong or took far too long; what is
// above its limit is for the reader to judge, who knows what else the machine did.

const SCENES = {
  idle: { what: 'contributors who wait: memory of each, joins, a new version announced to all', run: idle },
  round: { what: 'a round of a megabyte up of each', run: round },
  storm: { what: 'the server is killed under all of them: until everybody is back', run: storm },
  floor: { what: 'bytes and time of a round beside the same bytes over bare Socket.IO', run: floor },
  bus: { what: 'words between processes', run: bus },
  processes: { what: 'reports committed a second by one, two and three processes', run: processes },
  soak: { what: 'rounds for minutes: what grows', run: soak },
} as const;
type Name = keyof typeof SCENES;
const NAMES = Object.keys(SCENES) as Name[];

const HELP = `npm run load -- [SCENE …] [options]
Many contributors in a process of their own against one server on SQLite, on this machine (Linux). A table for each scene;
without a name all of them, which takes about half an hour.

${NAMES.map((name) => `  ${name.padEnd(9)} ${SCENES[name].what}`).join('\n')}

${OPTIONS_HELP}`;

const options = readOptions(process.argv.slice(2), NAMES);
if (options === 'help') console.log(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  for (const name of options.names) {
    console.log(`\n## ${name}: ${SCENES[name].what}\n\n${machineLine()}\n`);
    try {
      console.log(`\n${figuresTable(await SCENES[name].run(options, (line) => console.log(line)))}`);
    } catch (error) {
      console.error(error instanceof Error ? error.stack : error);
      process.exitCode = 1;
    }
  }
}
