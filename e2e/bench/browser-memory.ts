import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright';

/** What a browser's pages and its graphics process held at most, together; NaN where the system does not tell. */
export async function peakMemoryBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const working = processInfo.filter(({ type }) => type === 'renderer' || type === 'GPU');
  return working.reduce((sum, { id }) => sum + peakOf(id), 0);
}

function peakOf(process: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return Number.NaN;
  }
}
