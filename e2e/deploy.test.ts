import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../server/config.ts';
import { createMetrics } from '../server/observability/metrics.ts';
import {
  ASSIGNMENT_ENDS,
  DAMAGED_COPIES,
  METRICS,
  REPORT_OUTCOMES,
  ROUND_OUTCOMES,
  STATUS_CLASSES,
  TASK_STATES,
  WEBHOOK_OUTCOMES,
} from '../server/observability/names.ts';
import { REFUSAL_REASONS } from '../shared/errors.ts';
import { LIMITS } from '../shared/limits.ts';

const root = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8');
const readYaml = (name: string): unknown => parse(read(name), { merge: true });

const service = v.object({
  image: v.string(),
  command: v.optional(v.array(v.string()), []),
  environment: v.optional(v.record(v.string(), v.string()), {}),
  secrets: v.optional(v.array(v.string()), []),
  volumes: v.optional(v.array(v.string()), []),
  networks: v.array(v.string()),
  ports: v.optional(v.array(v.string()), []),
  read_only: v.boolean(),
  user: v.optional(v.string()),
  cap_drop: v.array(v.string()),
  security_opt: v.array(v.string()),
  healthcheck: v.optional(v.object({ test: v.array(v.string()) })),
  depends_on: v.optional(v.record(v.string(), v.object({ condition: v.string() })), {}),
  stop_grace_period: v.optional(v.string()),
  build: v.optional(v.object({ context: v.string(), dockerfile: v.string() })),
});
const compose = v.parse(
  v.object({
    services: v.record(v.string(), service),
    networks: v.record(v.string(), v.object({ internal: v.optional(v.boolean(), false) })),
    volumes: v.record(v.string(), v.object({})),
    secrets: v.record(v.string(), v.object({ file: v.string() })),
  }),
  readYaml('compose.yaml'),
);
const services = Object.entries(compose.services);
const servers = services.filter(([, { image }]) => image.startsWith('fedtab:'));

const secrets = mkdtempSync(join(tmpdir(), 'fedtab-secrets-'));
afterAll(() => rmSync(secrets, { recursive: true, force: true }));
const makeSecrets = () =>
  spawnSync('sh', [join(root, 'deploy/make-secrets.sh'), 'learn.example.org', secrets], { encoding: 'utf8' });

it('compose.yaml: three servers, PostgreSQL, Redis and a proxy, none as root, none that writes but to its volumes', () => {
  expect(servers).toHaveLength(3);
  expect(services.map(([name]) => name).slice(3)).toEqual(['proxy', 'postgres', 'redis']);
  const dockerfile = read('Dockerfile');
  for (const [name, { image, user, read_only, cap_drop, security_opt, healthcheck, volumes, build }] of services) {
    expect(image, name).toMatch(/^[\w./-]+:\d[\w.-]*$/);
    expect({ read_only, cap_drop, security_opt }, name).toEqual({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    const isOurs = build !== undefined;
    expect(isOurs ? /^USER (\w+)/m.exec(dockerfile)?.[1] : user, name).toMatch(/^(node|haproxy|postgres|redis)$/);
    expect(isOurs ? /^HEALTHCHECK/m.test(dockerfile) : (healthcheck?.test.length ?? 0) > 1, name).toBe(true);
    for (const volume of volumes)
      if (!volume.endsWith(':ro')) expect(Object.keys(compose.volumes), name).toContain(volume.split(':')[0]);
  }
  // Each has a data folder of its own.
  expect(new Set(servers.map(([, { volumes }]) => volumes.join())).size).toBe(3);
  const { version } = v.parse(
    v.object({ version: v.string() }),
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
  );
  for (const [, { image, build }] of servers) {
    expect(image).toBe(`fedtab:${version}`);
    expect(existsSync(join(root, 'deploy', build?.context ?? '', build?.dockerfile ?? ''))).toBe(true);
  }
});

it('compose.yaml: PostgreSQL and Redis are reached by the servers alone; the proxy alone is reached from outside', () => {
  expect(compose.networks['back']?.internal).toBe(true);
  for (const [name, { networks, ports, depends_on }] of services) {
    for (const network of networks) expect(Object.keys(compose.networks), name).toContain(network);
    for (const other of Object.keys(depends_on)) expect(Object.keys(compose.services), name).toContain(other);
    expect(ports.length > 0, name).toBe(name === 'proxy');
  }
  expect(compose.services['postgres']?.networks).toEqual(['back']);
  const redis = compose.services['redis'];
  expect(redis?.networks).toEqual(['back']);
  // Words have room, and what fills Redis up costs them and no more (server/cluster/redis-bus.test.ts).
  expect(redis?.command.join(' ')).toMatch(/ --maxmemory 128mb --maxmemory-policy allkeys-lru$/);
  expect(compose.services['proxy']?.networks).toEqual(['front']);
});

it('ASVS 11.1.1: docs/operate.md says of each secret where it lies, how long it is good, and how it is replaced', () => {
  const page = readFileSync(join(root, 'docs/operate.md'), 'utf8');
  const section = page.slice(page.indexOf('\n## Secrets\n'), page.indexOf('\n## The audit\n'));
  const rows = [...section.matchAll(/^\|(.+)\|$/gm)].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));
  expect(rows.filter((cells) => cells.length !== 4 || cells.includes(''))).toEqual([]);
  const named = rows.map(([secret, place]) => `${secret} ${place}`).join('\n');
  const variables = ['ADMIN_TOKEN', 'DATABASE_URL', 'REDIS_URL', 'TLS_KEY'].map((name) => `FEDTAB_${name}`);
  for (const name of [...Object.keys(compose.secrets), ...variables, 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'])
    expect(named).toContain(`\`${name}\``);
  const lifeOf = (secret: string) => rows.find(([name]) => name === secret)?.[2];
  const hours = (milliseconds: number) => milliseconds / 3_600_000;
  expect(lifeOf('admin link')).toBe(`once, within ${hours(LIMITS.adminLinkLifeMs)} hour`);
  expect(lifeOf('login of a dashboard')).toBe(
    `${hours(LIMITS.adminSessionLifeMs)} hours, and ${hours(LIMITS.adminSessionIdleMs)} hours after its last use`,
  );
  expect(lifeOf("ticket of a dashboard's socket")).toBe(`once, within ${LIMITS.ticketLifeMs / 1_000} s`);
});

it('each setting is one of the server, and the secrets that the script makes are the ones that are read', () => {
  expect(makeSecrets().status).toBe(0);
  const made = Object.fromEntries(
    readdirSync(secrets).map((name) => [name, readFileSync(join(secrets, name), 'utf8')]),
  );
  expect(statSync(secrets).mode & 0o777).toBe(0o700);
  expect(Object.keys(compose.secrets).sort()).toEqual(Object.keys(made).sort());
  for (const [name, { file }] of Object.entries(compose.secrets)) expect(file).toBe(`./secrets/${name}`);
  // What is there is kept, on a second run too.
  expect(makeSecrets().status).toBe(0);
  for (const [name, text] of Object.entries(made)) expect(readFileSync(join(secrets, name), 'utf8')).toBe(text);

  for (const [name, { environment, command, secrets: given }] of servers) {
    for (const secret of given) expect(Object.keys(compose.secrets), name).toContain(secret);
    const flag = command.indexOf('--config');
    expect(command[flag + 1]).toBe('/run/secrets/fedtab.json');
    const variables = Object.entries(environment).map(([variable, value]) => [
      variable,
      value.replace(/^\$\{\w+:-(.*)\}$/, '$1').replace(/^\$\{FEDTAB_PUBLIC_URL:\?.*\}$/, 'https://learn.example.org'),
    ]);
    const image = [...read('Dockerfile').matchAll(/\b(FEDTAB_\w+)=(\S+)/g)].map(([, variable, value]) => [
      variable,
      value,
    ]);
    const config = readConfig(['--config', join(secrets, 'fedtab.json')], Object.fromEntries([...image, ...variables]));
    expect(config).toMatchObject({
      ok: true,
      value: { trustedProxies: 1, publicUrl: 'https://learn.example.org', host: '0.0.0.0', port: 8080, warnings: [] },
    });
    if (!config.ok || config.value === 'help') throw new Error('no configuration');
    const database = new URL(config.value.databaseUrl ?? '');
    const redis = new URL(config.value.redisUrl ?? '');
    expect(database.password).toBe(made['postgres-password']);
    expect(`requirepass ${redis.password}\n`).toBe(made['redis.conf']);
    expect(database.hostname in compose.services && redis.hostname in compose.services).toBe(true);
  }
  const postgres = compose.services['postgres']?.environment ?? {};
  expect(postgres).toMatchObject({ POSTGRES_USER: 'fedtab', POSTGRES_DB: 'fedtab' });
});

it('each way to run it has Node refuse __proto__, as the tests do', () => {
  const flag = '--disable-proto=throw';
  for (const [name, { command }] of servers)
    expect(command.slice(0, 3), name).toEqual(['node', flag, 'dist/server/main.js']);
  expect(read('Dockerfile')).toContain(`CMD ["node", "${flag}", "dist/server/main.js"]`);
  expect(read('fedtab.service')).toContain(`/usr/bin/node ${flag} /opt/fedtab/dist/server/main.js`);
});

it('no other FEDTAB_ variable stands in deploy/ than those that the server reads', () => {
  const names = readdirSync(join(root, 'deploy')).filter((name) => statSync(join(root, 'deploy', name)).isFile());
  const written = new Set(names.flatMap((name) => read(name).match(/\bFEDTAB_[A-Z_]+/g) ?? []));
  expect(written.size).toBeGreaterThan(4);
  for (const variable of written) {
    const result = readConfig([], { [variable]: '1' });
    const unknown = result.ok ? [] : result.failure.filter(({ message }) => message === 'is not a setting of Fedtab');
    expect(unknown).toEqual([]);
  }
});

it('haproxy.cfg: its servers and files are those of compose.yaml, and a client cannot say where it comes from', () => {
  const proxy = read('haproxy.cfg');
  const named = [...proxy.matchAll(/^ {2}server (\S+) (\S+):8080$/gm)].map(([, name, host]) => [name, host]);
  expect(named).toEqual(servers.map(([name]) => [name, name]));
  for (const [, name = ''] of proxy.matchAll(/\/run\/secrets\/(\S+)/g)) {
    expect(compose.services['proxy']?.secrets).toContain(name);
    expect(compose.services['proxy']?.secrets).toContain(`${name}.key`);
  }
  for (const port of compose.services['proxy']?.ports ?? [])
    expect(proxy).toMatch(new RegExp(`^ {2}bind :${port.split(':')[1]}( |$)`, 'm'));
  expect(proxy.indexOf('del-header X-Forwarded-For')).toBeGreaterThan(0);
  expect(proxy.indexOf('option forwardfor')).toBeGreaterThan(proxy.indexOf('del-header X-Forwarded-For'));
});

it('the context of the image is what is copied into it', () => {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  const sent = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  expect(lines.filter((line) => line !== '' && !/^[!#]/.test(line))).toEqual(['*']);
  expect(sent.sort()).toEqual(copied.map((name) => name.replace(/^\.\//, '')).sort());
});

const values: Readonly<Record<string, readonly string[]>> = {
  rounds: ROUND_OUTCOMES,
  roundSeconds: ['committed', 'abandoned'],
  reports: REPORT_OUTCOMES,
  assignments: ASSIGNMENT_ENDS,
  tasks: TASK_STATES,
  requests: STATUS_CLASSES,
  webhooks: WEBHOOK_OUTCOMES,
  damaged: DAMAGED_COPIES,
  refusals: REFUSAL_REASONS,
};

/** What is wrong with the metrics and labels of an expression. `always` are the names of a server that has just started. */
function problemsOf(expression: string, always: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [, name = '', selector = ''] of expression.matchAll(
    /\b((?:fedtab|process|nodejs|up)(?:_\w+)?)\b(?:\{([^}]*)\})?/g,
  )) {
    if (name === 'up') continue;
    const bare = name.replace(/_(bucket|sum|count)$/, '');
    const row = Object.entries(METRICS).find(([, metric]) => metric.name === bare || metric.name === name);
    if (row === undefined && !always.has(name)) problems.push(`${name} is no metric`);
    for (const [, label = '', operator = '', value = ''] of selector.matchAll(/(\w+)(=~|=|!=)"([^"]*)"/g)) {
      if (label === 'job') continue;
      const labels: readonly string[] = row?.[1].labels ?? [];
      if (!labels.includes(label)) problems.push(`${name} has no label ${label}`);
      const known = values[row?.[0] ?? ''] ?? [];
      for (const one of operator === '=~' ? value.split('|') : [value])
        if (!known.includes(one)) problems.push(`${name} never has ${label}="${one}"`);
    }
  }
  return problems;
}

async function metricNames(): Promise<ReadonlySet<string>> {
  const metrics = createMetrics();
  const text = await metrics.text();
  metrics.close();
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
}

it('an expression of a metric, label or value that is not there is found', () => {
  expect(
    problemsOf(
      'rate(fedtab_round_total{outcome="done"}[5m]) + fedtab_rounds_total{reason="x",outcome="done"}',
      new Set(),
    ),
  ).toEqual([
    'fedtab_round_total is no metric',
    'fedtab_round_total has no label outcome',
    'fedtab_round_total never has outcome="done"',
    'fedtab_rounds_total has no label reason',
    'fedtab_rounds_total never has reason="x"',
    'fedtab_rounds_total never has outcome="done"',
  ]);
});

it('each alert asks for metrics that are there, and says what is wrong', async () => {
  const file = v.parse(
    v.object({
      groups: v.array(
        v.object({
          name: v.string(),
          rules: v.array(
            v.strictObject({
              alert: v.pipe(v.string(), v.regex(/^Fedtab[A-Z]\w+$/)),
              expr: v.string(),
              for: v.optional(v.pipe(v.string(), v.regex(/^\d+[smh]$/))),
              labels: v.strictObject({ severity: v.picklist(['page', 'ticket']) }),
              annotations: v.strictObject({ summary: v.pipe(v.string(), v.minLength(20)) }),
            }),
          ),
        }),
      ),
    }),
    readYaml('prometheus-rules.yaml'),
  );
  const rules = file.groups.flatMap((group) => group.rules);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  const page = readFileSync(join(root, 'docs/operate.md'), 'utf8');
  const names = await metricNames();
  for (const { alert, expr } of rules) {
    expect(problemsOf(expr, names), alert).toEqual([]);
    expect(page, `docs/operate.md says what to do about ${alert}`).toContain(`\`${alert}\``);
  }
  const { scrape_configs, rule_files } = v.parse(
    v.object({
      rule_files: v.array(v.string()),
      scrape_configs: v.array(
        v.object({ job_name: v.string(), static_configs: v.array(v.object({ targets: v.array(v.string()) })) }),
      ),
    }),
    readYaml('prometheus.yaml'),
  );
  expect(rule_files).toEqual(['prometheus-rules.yaml']);
  expect(scrape_configs[0]?.job_name).toBe('fedtab');
  expect(scrape_configs[0]?.static_configs[0]?.targets).toEqual(servers.map(([name]) => `${name}:8080`));
});

it('the dashboard shows every metric of the server, and none that is not there', async () => {
  const { panels } = v.parse(
    v.object({
      panels: v.array(
        v.object({
          id: v.number(),
          title: v.pipe(v.string(), v.minLength(1)),
          gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
          targets: v.optional(v.array(v.object({ expr: v.string() })), []),
        }),
      ),
    }),
    JSON.parse(read('grafana-dashboard.json')),
  );
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  const names = await metricNames();
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(expressions.flatMap((expression) => problemsOf(expression, names))).toEqual([]);
  const all = expressions.join('\n');
  expect(Object.values(METRICS).filter(({ name }) => !all.includes(name))).toEqual([]);
});
