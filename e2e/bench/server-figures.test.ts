import { expect, test } from 'vitest';
import { loopDelayOf, memoryOf, seriesOf } from './server-figures.ts';

const text = `# HELP fedtab_weights_bytes_total Bytes
# TYPE fedtab_weights_bytes_total counter
fedtab_weights_bytes_total 2400288000
fedtab_weights_bytes_total_other 1
fedtab_socket_bytes_total{direction="in"} 17
fedtab_socket_bytes_total{direction="out"} 3
nodejs_eventloop_lag_max_seconds 0.2
nodejs_eventloop_lag_p50_seconds 0.0101
nodejs_eventloop_lag_p99_seconds 0.04
`;

test('reads one series by its name and labels', () => {
  expect(seriesOf(text, 'fedtab_weights_bytes_total')).toBe(2_400_288_000);
  expect(seriesOf(text, 'fedtab_socket_bytes_total{direction="out"}')).toBe(3);
  expect(() => seriesOf(text, 'fedtab_socket_bytes_total')).toThrow('no fedtab_socket_bytes_total');
});

test('delays are milliseconds beyond the period of the timer that samples them, and never less than none', () => {
  const { p50Ms, p99Ms, maximumMs } = loopDelayOf(text);
  expect([p50Ms, p99Ms, maximumMs].map((ms) => Math.round(ms * 10) / 10)).toEqual([0.1, 30, 190]);
  const early = loopDelayOf(text.replace('0.0101', '0.0099'));
  expect(early.p50Ms).toBe(0);
});

test.runIf(process.platform === 'linux')('the peak of a process is at least what it has now', async () => {
  const { nowBytes, peakBytes } = await memoryOf(process.pid);
  expect(nowBytes).toBeGreaterThan(10_000_000);
  expect(peakBytes).toBeGreaterThanOrEqual(nowBytes);
});
