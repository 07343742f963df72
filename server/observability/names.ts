import { ABANDON_REASONS, REJECTION_REASONS } from '../../shared/errors.ts';

/** Every metric of Fedtab with its labels, in one table (docs and dashboards follow it). Labels come from closed lists. */
export const METRICS = {
  rounds: { name: 'fedtab_rounds_total', help: 'Rounds that ended', labels: ['outcome'] },
  roundSeconds: { name: 'fedtab_round_seconds', help: 'Duration of rounds that ended', labels: ['outcome'] },
  reports: { name: 'fedtab_reports_total', help: 'Reports, by what became of them', labels: ['outcome'] },
  reportBytes: { name: 'fedtab_report_bytes_total', help: 'Bytes of the reports that arrived', labels: [] },
  weightsBytes: { name: 'fedtab_weights_bytes_total', help: 'Bytes of weights sent over HTTP', labels: [] },
  assignments: {
    name: 'fedtab_assignments_total',
    help: 'Assignments of ended rounds, by how they ended',
    labels: ['end'],
  },
  scored: { name: 'fedtab_checkpoints_scored_total', help: 'Checkpoints scored on held-out data', labels: [] },
  clients: { name: 'fedtab_clients_online', help: 'Clients connected now', labels: [] },
  tasks: { name: 'fedtab_tasks', help: 'Tasks that are not archived, by state', labels: ['state'] },
  adminSessions: { name: 'fedtab_dashboards_online', help: 'Dashboards connected now', labels: [] },
  refusals: {
    name: 'fedtab_refusals_total',
    help: 'Refusals on sockets, by place and reason',
    labels: ['place', 'reason'],
  },
  events: { name: 'fedtab_socket_event_seconds', help: 'From a socket event to its ack', labels: ['event'] },
  socketBytes: { name: 'fedtab_socket_bytes_total', help: 'Bytes over sockets, by direction', labels: ['direction'] },
  uploads: { name: 'fedtab_uploads_open', help: 'Reports that are arriving now', labels: [] },
  requests: { name: 'fedtab_http_requests_total', help: 'HTTP requests, by status class', labels: ['status'] },
  damaged: {
    name: 'fedtab_damaged_blobs_total',
    help: 'Weights whose bytes were not those of their hash: in the store, or in the copy of this machine',
    labels: ['copy'],
  },
  webhooks: {
    name: 'fedtab_webhook_deliveries_total',
    help: 'Posts to the webhook, and events given up',
    labels: ['outcome'],
  },
} as const;

/** `outcome` of a round: `committed`, or why it was abandoned. */
export const ROUND_OUTCOMES = ['committed', ...ABANDON_REASONS] as const;
/** `outcome` of a report; `rejected` reasons stand for themselves. */
export const REPORT_OUTCOMES = ['accepted', 'duplicate', 'late', 'surplus', 'conflict', ...REJECTION_REASONS] as const;
/** `outcome` of a post to the webhook; `lost`: an event is given up. */
export const WEBHOOK_OUTCOMES = ['delivered', 'failed', 'lost'] as const;
/** `copy` that was damaged: `store` is the only one, `cache` was brought again. */
export const DAMAGED_COPIES = ['store', 'cache'] as const;
/** `end` of an assignment. */
export const ASSIGNMENT_ENDS = ['accepted', 'rejected', 'late', 'surplus', 'dropped'] as const;
export const TASK_STATES = ['idle', 'running', 'paused', 'stopping'] as const;
export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;
