import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { findRunning } from '../running.ts';
import { codeForRunning } from './admin-link.ts';

/** A logged-in way to a running server, for commands. */
export interface Connection {
  /** The answer's body, parsed where it is JSON; throws its message where it is a refusal. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** Sends bytes as they are; the answer is parsed. */
  sendBytes(path: string, body: Uint8Array): Promise<unknown>;
  /** The answer's bytes. */
  bytes(path: string): Promise<Uint8Array>;
}

/** Something a person did wrong or can mend: its message is all that is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/**
 * Connects to the server on this data folder (`FEDTAB_DATA`), or to `server`. With `FEDTAB_ADMIN_TOKEN` by token, else,
 * on this machine, by a one-time link of its own.
 */
export async function connect(server: string | undefined, environment: NodeJS.ProcessEnv): Promise<Connection> {
  const read = readConfig([], environment);
  if (!read.ok) throw new CommandError(read.failure.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  if (read.value === 'help') throw new CommandError('no help here');
  const { dataFolder, adminToken } = read.value;
  const url = server ?? (await findRunning(dataFolder))?.url;
  if (url === undefined) throw new CommandError(`no server runs on ${dataFolder}: start one, or give --server URL`);

  const headers: Record<string, string> = {};
  if (adminToken !== null) headers['authorization'] = `Bearer ${adminToken}`;
  else {
    const made = await codeForRunning(read.value);
    if (made === null) throw new CommandError('set FEDTAB_ADMIN_TOKEN to the admin token of that server');
    const response = await send('POST', '/api/session', { token: made.code });
    headers['cookie'] = response.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
  }

  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    const isBytes = body instanceof Uint8Array;
    const type =
      body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' };
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: { ...headers, ...type },
        ...(body === undefined ? {} : { body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new CommandError(`${url} cannot be reached: ${cause}`);
    }
    if (!response.ok) throw new CommandError(refusalOf(response.status, await response.text()));
    return response;
  }

  return {
    async call(method, path, body) {
      const text = await (await send(method, path, body)).text();
      return text === '' ? null : (JSON.parse(text) as unknown);
    },
    sendBytes: async (path, body) => JSON.parse(await (await send('POST', path, body)).text()) as unknown,
    bytes: async (path) => new Uint8Array(await (await send('GET', path)).arrayBuffer()),
  };
}

function refusalOf(status: number, text: string): string {
  try {
    const { error } = JSON.parse(text) as {
      error: { message: string; problems?: { path: string; message: string }[] };
    };
    return [error.message, ...(error.problems ?? []).map(({ path, message }) => `  ${path}: ${message}`)].join('\n');
  } catch {
    return `the server answered ${status}`;
  }
}

/** Runs a command: refusals are printed and the exit code is 1; 2 where `run` says `usage`. */
export async function runCommand(help: string, run: () => Promise<'done' | 'usage'>): Promise<void> {
  try {
    if ((await run()) === 'done') return;
    console.error(help);
    process.exitCode = 2;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** For lines of a table: how long ago something was. */
export const ago = (iso: string): string => {
  const minutes = Math.max(0, Math.round((systemClock.now() - Date.parse(iso)) / 60_000));
  return minutes < 60
    ? `${minutes} min ago`
    : minutes < 2_880
      ? `${Math.round(minutes / 60)} h ago`
      : `${Math.round(minutes / 1_440)} d ago`;
};
