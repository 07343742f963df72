import type { RunningServer } from '../fixtures/server.ts';
import { adminScript, type LoginState, type TaskState } from './admin-steps.ts';
import { Administrator, smallTask } from './administrator.ts';
import { watchedServer } from './fuzzed-server.ts';
import { type FuzzFigures, type FuzzOptions, fuzzInLanes } from './in-lanes.ts';

const NEWCOMERS_TASK = 'newcomers';
/** Limits are kept by address. One comes again after so many scripts: often enough to be told so now and then. */
const ADDRESSES = 128;

/** Calls every route of the HTTP API and the namespace of dashboards, rightly and wrongly, in every state of a task and a login. */
export function fuzzAdmin(options: FuzzOptions): Promise<FuzzFigures<TaskState | LoginState>> {
  let scripts = 0;
  return fuzzInLanes(
    {
      start: startServer,
      newcomersTask: NEWCOMERS_TASK,
      script: adminScript,
      async play(server, lane, script, note) {
        scripts += 1;
        const administrator = new Administrator(server, `fuzzed-${lane}`, `10.0.0.${scripts % ADDRESSES}`, note);
        try {
          await administrator.play(script);
        } finally {
          administrator.close();
        }
        return administrator.messages;
      },
      tidy,
    },
    options,
  );
}

async function startServer(): Promise<RunningServer> {
  const server = await watchedServer({ FEDTAB_TRUSTED_PROXIES: '1', FEDTAB_WEBHOOK_ALLOW: '127.0.0.1:9' });
  await server.adminJson('/api/tasks', { body: smallTask(NEWCOMERS_TASK) });
  return server;
}

/** Tasks are told in figures by their names, and a webhook keeps what it could not say: both go. */
async function tidy(server: RunningServer): Promise<void> {
  await server.admin('/api/webhook', { method: 'DELETE' });
  await server.admin('/api/sessions', { method: 'DELETE' });
  const tasks = await server.adminJson<{ id: string }[]>('/api/tasks');
  for (const { id } of tasks)
    if (id !== NEWCOMERS_TASK) await server.adminJson(`/api/tasks/${id}`, { method: 'DELETE', body: { confirm: id } });
}
