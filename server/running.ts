import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The server that runs on a data folder, for the commands beside it. */
export interface Running {
  readonly url: string;
  readonly pid: number;
}

const fileIn = (dataFolder: string): string => join(dataFolder, 'server.json');

/** Says where this process serves. */
export const writeRunning = (dataFolder: string, running: Running): Promise<void> =>
  writeFile(fileIn(dataFolder), `${JSON.stringify(running)}\n`);

export const removeRunning = (dataFolder: string): Promise<void> => rm(fileIn(dataFolder), { force: true });

/** The server that runs on this folder now, or null. */
export async function findRunning(dataFolder: string): Promise<Running | null> {
  const text = await readFile(fileIn(dataFolder), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const { url, pid } = JSON.parse(text) as Record<string, unknown>;
    if (typeof url !== 'string' || typeof pid !== 'number') return null;
    process.kill(pid, 0);
    return { url, pid };
  } catch {
    return null;
  }
}
