// `npm start`: builds when dist/ is not what the sources say, then runs the server in this process.
import { build } from './build.mjs';

await build({ ifStale: true });
await import(new URL('../../dist/server/main.js', import.meta.url).href);
