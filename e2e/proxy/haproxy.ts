import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../server/cluster/fixtures/free-port.ts';

const deploy = join(import.meta.dirname, '../../deploy');

/** deploy/haproxy.cfg as it is, but for the addresses: what it listens on, and where the servers are. */
export interface RunningProxy {
  readonly plainUrl: string;
  readonly secureUrl: string;
  readonly securePort: number;
  /** Answers 503 where no server is ready. */
  readonly healthUrl: string;
  /** PEM: the certificate that it shows, which signed itself. */
  readonly caFile: string;
  dispose(): void;
}

/** In front of the servers on these ports, of which there are one or three; resolves once one of them is ready. */
export async function startProxy(serverPorts: readonly number[]): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'fedtab-proxy-'));
  const [plain, secure, health] = [await freePort(), await freePort(), await freePort()];
  const secrets = join(folder, 'secrets');
  const made = spawnSync('sh', [join(deploy, 'make-secrets.sh'), 'localhost', secrets], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`make-secrets.sh: ${made.stderr}`);
  const config = readFileSync(join(deploy, 'haproxy.cfg'), 'utf8')
    .replace('/run/secrets', secrets)
    .replace('bind :8080', `bind 127.0.0.1:${plain}`)
    .replace('bind :8443', `bind 127.0.0.1:${secure}`)
    .replace('127.0.0.1:8081', `127.0.0.1:${health}`)
    .replace(/fedtab-(\d):8080/g, (_, place) => `127.0.0.1:${serverPorts[Number(place) - 1] ?? serverPorts[0]}`);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, config);
  const proxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  const healthUrl = `http://127.0.0.1:${health}/healthz`;
  await untilReady(proxy, healthUrl);
  return {
    plainUrl: `http://127.0.0.1:${plain}`,
    secureUrl: `https://localhost:${secure}`,
    securePort: secure,
    healthUrl,
    caFile: join(secrets, 'tls.pem'),
    dispose() {
      proxy.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(proxy: ChildProcess, url: string): Promise<void> {
  for (;;) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (proxy.exitCode !== null) throw new Error(`HAProxy ended with ${proxy.exitCode}`);
    await delay(50);
  }
}
