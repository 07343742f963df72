import { readFile } from 'node:fs/promises';

/** Resident memory of a process, in bytes: now, and the most it ever was. Linux only. */
export async function memoryOf(pid: number): Promise<{ readonly nowBytes: number; readonly peakBytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return { nowBytes: kilobytes(status, 'VmRSS'), peakBytes: kilobytes(status, 'VmHWM') };
}

function kilobytes(status: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (value === undefined) throw new Error(`/proc/…/status has no ${name}`);
  return Number(value) * 1024;
}

/** The value of a series without labels, or with exactly these, in Prometheus text. */
export function seriesOf(text: string, series: string): number {
  for (const line of text.split('\n'))
    if (line.startsWith(`${series} `)) return Number(line.slice(series.length + 1).split(' ')[0]);
  throw new Error(`/metrics has no ${series}`);
}

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maximumMs: number;
}

/** prom-client's histogram of the loop samples with a timer of this period. */
const RESOLUTION_MS = 10;

/**
 * The event-loop delay since the last scrape: the histogram starts anew at each. Its samples are the distances of the
 * ticks of a timer, which a loop at rest makes `RESOLUTION_MS` long: that is taken off, so that what is left is delay.
 */
export function loopDelayOf(text: string): LoopDelay {
  const beyond = (name: string): number => Math.max(0, seriesOf(text, name) * 1000 - RESOLUTION_MS);
  return {
    p50Ms: beyond('nodejs_eventloop_lag_p50_seconds'),
    p99Ms: beyond('nodejs_eventloop_lag_p99_seconds'),
    maximumMs: beyond('nodejs_eventloop_lag_max_seconds'),
  };
}

export async function scrape(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  if (!answer.ok) throw new Error(`/metrics: ${answer.status}`);
  return answer.text();
}
