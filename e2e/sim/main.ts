import { writeFile } from 'node:fs/promises';
import { HELP, readOptions } from './options.ts';
import { simulate } from './simulation.ts';

// `npm run simulate`: exit 0 only if every round that was asked for committed.

const options = readOptions(process.argv.slice(2));
if (options === 'help') console.log(HELP);
else if ('problem' in options) {
  console.error(`${options.problem}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  try {
    const figures = await simulate(options, (line) => console.log(line));
    if (options.json !== null) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
    const committed = figures.rounds.filter(({ outcome }) => outcome === 'committed').length;
    process.exitCode = committed >= options.rounds ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
