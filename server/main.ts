import { LIMITS } from '../shared/limits.ts';
import { type App, createApp } from './app.ts';
import { printAdminLink } from './cli/admin-link.ts';
import { type Config, HELP, readConfig } from './config.ts';

// `npm start`: standard output holds what the operator is told, standard error the log.

const read = readConfig(process.argv.slice(2), process.env);
if (!read.ok) {
  for (const { path, message } of read.failure) console.error(`${path}: ${message}`);
  process.exit(2);
}
if (read.value === 'help') console.log(HELP);
else if (!(read.value.adminLink && (await printAdminLink(read.value)))) await serve(read.value);

async function serve(config: Config): Promise<void> {
  for (const warning of config.warnings) console.error(`Warning: ${warning}`);
  let app: App;
  try {
    app = await createApp(config);
  } catch (error) {
    console.error(`Fedtab cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
  console.log(`Fedtab listens on ${app.url}`);
  for (const url of app.otherUrls) console.log(`         and on ${url}`);
  if (app.absentSamples.length > 0)
    console.log(`No sample data here for ${app.absentSamples.join(', ')}: its tasks offer none and are not scored.`);
  console.log(`Admin: ${app.adminLink}`);

  let isEnding = false;
  async function end(code: number): Promise<void> {
    // A second signal means now.
    if (isEnding) process.exit(code === 0 ? 130 : code);
    isEnding = true;
    setTimeout(() => process.exit(1), LIMITS.drainMs + 10_000).unref();
    try {
      await app.close();
    } catch (error) {
      app.logger.fatal({ err: error }, 'the server did not close in order');
      process.exit(1);
    }
    process.exit(code);
  }
  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(kind, (error: unknown) => {
      app.logger.fatal({ err: error }, `${kind}: the process ends`);
      if (!isEnding) void end(1);
    });
  }
}
