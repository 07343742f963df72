import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RefusalReason } from '../../shared/errors.ts';
import type { Coordinator } from '../rounds/port.ts';
import type { RoundCounts } from '../storage/port.ts';
import {
  ASSIGNMENT_ENDS,
  DAMAGED_COPIES,
  METRICS,
  REPORT_OUTCOMES,
  ROUND_OUTCOMES,
  STATUS_CLASSES,
  TASK_STATES,
  WEBHOOK_OUTCOMES,
} from './names.ts';

type Observed = Pick<Coordinator, 'tasks' | 'subscribe'>;

export interface Metrics {
  /** Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Counts the events of a coordinator and reads its figures at each scrape. Returns what ends it. */
  observe(coordinator: Observed): () => void;
  /** What the gateway counts. */
  readonly gateway: {
    sessions(change: 1 | -1): void;
    adminSessions(change: 1 | -1): void;
    refused(place: 'upgrade' | 'handshake' | 'event' | 'session', reason: RefusalReason): void;
    handled(event: string, seconds: number): void;
    received(bytes: number): void;
    sent(bytes: number): void;
    uploads(open: number): void;
  };
  request(status: number): void;
  weightsSent(bytes: number): void;
  /** How the assignments of one ended round ended. */
  assignments(counts: Pick<RoundCounts, 'accepted' | 'rejected' | 'late' | 'surplus' | 'dropped'>): void;
  webhook(outcome: (typeof WEBHOOK_OUTCOMES)[number]): void;
  damaged(copy: (typeof DAMAGED_COPIES)[number]): void;
  close(): void;
}

/** A registry of its own, so that two servers in one process (tests) do not share figures. */
export function createMetrics(options: { readonly processMetrics: boolean } = { processMetrics: true }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(row: { name: string; help: string; labels: readonly Label[] }) =>
    new Counter({ name: row.name, help: row.help, labelNames: [...row.labels], registers: [registry] });

  const rounds = counter(METRICS.rounds);
  const reports = counter(METRICS.reports);
  const assignments = counter(METRICS.assignments);
  const requests = counter(METRICS.requests);
  const reportBytes = counter(METRICS.reportBytes);
  const weightsBytes = counter(METRICS.weightsBytes);
  const scored = counter(METRICS.scored);
  const webhooks = counter(METRICS.webhooks);
  const damaged = counter(METRICS.damaged);
  // Series that exist from the start read 0 instead of nothing, so that rates over the first event are right.
  for (const outcome of ROUND_OUTCOMES) rounds.inc({ outcome }, 0);
  for (const outcome of REPORT_OUTCOMES) reports.inc({ outcome }, 0);
  for (const end of ASSIGNMENT_ENDS) assignments.inc({ end }, 0);
  for (const status of STATUS_CLASSES) requests.inc({ status }, 0);
  for (const outcome of WEBHOOK_OUTCOMES) webhooks.inc({ outcome }, 0);
  for (const copy of DAMAGED_COPIES) damaged.inc({ copy }, 0);

  const roundSeconds = new Histogram({
    name: METRICS.roundSeconds.name,
    help: METRICS.roundSeconds.help,
    labelNames: [...METRICS.roundSeconds.labels],
    buckets: [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600],
    registers: [registry],
  });

  const refusals = counter(METRICS.refusals);
  const socketBytes = counter(METRICS.socketBytes);
  const gauge = ({ name, help }: { name: string; help: string }) => new Gauge({ name, help, registers: [registry] });
  const clients = gauge(METRICS.clients);
  const dashboards = gauge(METRICS.adminSessions);
  const uploads = gauge(METRICS.uploads);
  const eventSeconds = new Histogram({
    name: METRICS.events.name,
    help: METRICS.events.help,
    labelNames: [...METRICS.events.labels],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  });

  let observed: Observed | undefined;
  new Gauge({
    name: METRICS.tasks.name,
    help: METRICS.tasks.help,
    labelNames: [...METRICS.tasks.labels],
    registers: [registry],
    collect() {
      const live = (observed?.tasks() ?? []).filter(({ archivedAt }) => archivedAt === null);
      for (const state of TASK_STATES) this.set({ state }, live.filter((task) => task.state === state).length);
    },
  });

  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    observe(coordinator) {
      observed = coordinator;
      return coordinator.subscribe((event) => {
        if (event.kind === 'round-ended') {
          const outcome = event.reason ?? 'committed';
          rounds.inc({ outcome });
          roundSeconds.observe({ outcome: event.outcome }, event.seconds);
        } else if (event.kind === 'report') {
          reports.inc({ outcome: event.outcome });
          reportBytes.inc(event.bytes);
        } else if (event.kind === 'scored') scored.inc();
      });
    },
    gateway: {
      sessions: (change) => clients.inc(change),
      adminSessions: (change) => dashboards.inc(change),
      refused: (place, reason) => refusals.inc({ place, reason }),
      handled: (event, seconds) => eventSeconds.observe({ event }, seconds),
      received: (bytes) => socketBytes.inc({ direction: 'in' }, bytes),
      sent: (bytes) => socketBytes.inc({ direction: 'out' }, bytes),
      uploads: (open) => uploads.set(open),
    },
    request: (status) => requests.inc({ status: `${Math.min(5, Math.max(2, Math.floor(status / 100)))}xx` }),
    weightsSent: (bytes) => weightsBytes.inc(bytes),
    webhook: (outcome) => webhooks.inc({ outcome }),
    damaged: (copy) => damaged.inc({ copy }),
    assignments(counts) {
      const { rejected, ...plain } = counts;
      assignments.inc(
        { end: 'rejected' },
        Object.values(rejected).reduce((sum, count) => sum + count, 0),
      );
      for (const end of ['accepted', 'late', 'surplus', 'dropped'] as const) assignments.inc({ end }, plain[end]);
    },
    close: () => registry.clear(),
  };
}
