import { afterEach, expect, test } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import type { CoordinatorEvent } from '../rounds/port.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { METRICS } from './names.ts';

let metrics: Metrics;
afterEach(() => metrics.close());

const task = 'digits' as TaskId;
const lines = async (name: string): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'));

/** Events as a coordinator sends them. */
function feed(): (event: CoordinatorEvent) => void {
  let send: ((event: CoordinatorEvent) => void) | undefined;
  metrics.observe({
    tasks: () => [],
    subscribe: (listener) => {
      send = listener;
      return () => {};
    },
  });
  return (event) => send?.(event);
}

test('every metric of the table is there from the start, with the process metrics', async () => {
  metrics = createMetrics();
  const text = await metrics.text();
  for (const { name } of Object.values(METRICS)) expect(text).toContain(`# HELP ${name} `);
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(text).toContain('fedtab_rounds_total{outcome="too-few"} 0');
});

test('counts what happens in rounds', async () => {
  metrics = createMetrics({ processMetrics: false });
  const send = feed();
  const ended = { kind: 'round-ended', task, round: 1, version: null, seconds: 3 } as const;
  send({ ...ended, outcome: 'committed', reason: null });
  send({ ...ended, outcome: 'abandoned', reason: 'too-few' });
  send({ kind: 'report', task, outcome: 'accepted', bytes: 100 });
  send({ kind: 'report', task, outcome: 'norm', bytes: 50 });
  metrics.assignments({ accepted: 2, rejected: { norm: 1, zero: 2 }, late: 1, surplus: 0, dropped: 4 });
  expect(await lines('fedtab_rounds_total')).toEqual([
    'fedtab_rounds_total{outcome="committed"} 1',
    'fedtab_rounds_total{outcome="too-few"} 1',
  ]);
  expect(await lines('fedtab_reports_total')).toEqual([
    'fedtab_reports_total{outcome="accepted"} 1',
    'fedtab_reports_total{outcome="norm"} 1',
  ]);
  expect(await lines('fedtab_report_bytes_total')).toEqual(['fedtab_report_bytes_total 150']);
  expect(await lines('fedtab_assignments_total')).toEqual([
    'fedtab_assignments_total{end="accepted"} 2',
    'fedtab_assignments_total{end="rejected"} 3',
    'fedtab_assignments_total{end="late"} 1',
    'fedtab_assignments_total{end="dropped"} 4',
  ]);
});

test('counts what happens on sockets and over HTTP', async () => {
  metrics = createMetrics({ processMetrics: false });
  metrics.gateway.sessions(1);
  metrics.gateway.sessions(1);
  metrics.gateway.sessions(-1);
  metrics.gateway.refused('event', 'norm');
  metrics.gateway.sent(10);
  for (const status of [200, 206, 304, 404, 503]) metrics.request(status);
  expect(await lines('fedtab_clients_online')).toEqual(['fedtab_clients_online 1']);
  expect(await lines('fedtab_refusals_total')).toEqual(['fedtab_refusals_total{place="event",reason="norm"} 1']);
  expect(await lines('fedtab_socket_bytes_total')).toEqual(['fedtab_socket_bytes_total{direction="out"} 10']);
  expect(await lines('fedtab_http_requests_total')).toEqual([
    'fedtab_http_requests_total{status="2xx"} 2',
    'fedtab_http_requests_total{status="3xx"} 1',
    'fedtab_http_requests_total{status="4xx"} 1',
    'fedtab_http_requests_total{status="5xx"} 1',
  ]);
});
