import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../shared/limits.ts';
import { secureRng, seededRng } from '../shared/rng.ts';
import { createAdmins } from './auth/admins.ts';
import { steadyClock, systemClock } from './clock.ts';
import type { Leases } from './cluster/lease.ts';
import { localLeases } from './cluster/local.ts';
import { joinProcesses } from './cluster/processes.ts';
import type { Config } from './config.ts';
import { createEvaluator } from './evaluation/evaluator.ts';
import { clientAddress, networkNames } from './gateway/address.ts';
import { createGateway } from './gateway/gateway.ts';
import { createHttp, type HttpDependencies, type Readiness } from './http/index.ts';
import { type KeyPair, readKeyPair, selfSignedPair } from './http/tls.ts';
import { createAudit } from './observability/audit.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { createMetrics } from './observability/metrics.ts';
import { createRefusalLog } from './observability/refusal-log.ts';
import { webFolder } from './places.ts';
import { startArithmetic } from './rounds/arithmetic.ts';
import { createCoordinator } from './rounds/coordinator.ts';
import type { CoordinatorEvent, Downlink } from './rounds/port.ts';
import { createRoutedCoordinator, type Routed } from './rounds/routing/routed-coordinator.ts';
import type { SumsElsewhere } from './rounds/sums-elsewhere.ts';
import { removeRunning, writeRunning } from './running.ts';
import { createSamples } from './samples/samples.ts';
import type { DamagedBlob, Spool } from './storage/blobs/port.ts';
import { openStorage } from './storage/index.ts';
import { releaseOldWeights, sweep } from './storage/retention.ts';
import { createLedWebhook } from './webhook/led.ts';
import { createPost, resolveBySystem } from './webhook/post.ts';
import { createWebhook } from './webhook/webhook.ts';

/** A server that serves. */
export interface App {
  /** Where it listens, for this machine; no slash at the end. */
  readonly url: string;
  /** The same for others on the network, where it listens there. */
  readonly otherUrls: readonly string[];
  /** Usable once, within an hour. */
  readonly adminLink: string;
  /** Sample data that this machine does not have. */
  readonly absentSamples: readonly string[];
  readonly logger: Logger;
  /** No new work, open uploads get time to end, then everything closes. A second call waits for the first. */
  close(): Promise<void>;
}

/** How often blobs that nothing refers to are looked for. */
const SWEEP_EVERY_MS = 600_000;
/** After the drain, how long answers under way may take. */
const ANSWERS_END_MS = 3_000;

/** What whoever starts the server in its own process may put around an adapter: the demo keeps copies of its reports. */
export interface Around {
  readonly spool?: (spool: Spool) => Spool;
}

/** The one place that constructs adapters. Rejects when the folder, the database, the key or the port cannot be had. */
export async function createApp(config: Config, around: Around = {}): Promise<App> {
  const started: (() => unknown)[] = [];
  /** What is started is closed in the opposite order. */
  function closing<Part>(part: Part, close: (part: Part) => unknown): Part {
    started.push(() => close(part));
    return part;
  }
  async function closeAll(): Promise<void> {
    for (const close of started.splice(0).reverse()) await close();
  }
  try {
    return await start(config, around, closing, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function start(
  config: Config,
  around: Around,
  closing: <Part>(part: Part, close: (part: Part) => unknown) => Part,
  closeAll: () => Promise<void>,
): Promise<App> {
  const clock = systemClock;
  const logger = createLogger(config.log);
  const metrics = closing(createMetrics(), (part) => part.close());
  await mkdir(config.dataFolder, { recursive: true, mode: 0o700 });
  const tls = await keyPairOf(config);

  const onDamaged = ({ sha256, copy }: DamagedBlob): void => {
    metrics.damaged(copy);
    const fields = { sha256, copy };
    if (copy === 'cache')
      logger.warn(fields, 'weights were damaged in the copy of this machine, and are brought again');
    else logger.error(fields, 'weights are damaged, and are not given out');
  };
  const opened = closing(await openStorage({ ...config, isShared: config.redisUrl !== null, onDamaged }), (part) =>
    part.close(),
  );
  const { storage, blobs, blobPlace, moving } = opened;
  const spool = around.spool?.(opened.spool) ?? opened.spool;
  const samples = closing(createSamples(storage.admin), (part) => part.close());
  const arithmetic = closing(startArithmetic(blobPlace), (part) => part.close());
  const evaluator = closing(createEvaluator({ blobs }), (part) => part.close());
  const admins = createAdmins({ store: storage.admin, adminToken: config.adminToken, clock, random: secureRng });
  const audit = createAudit(storage.admin, clock, logger);

  const processes = config.redisUrl === null ? null : await joinProcesses(config.redisUrl, storage, clock, logger);
  if (processes !== null) {
    closing(processes.bus, (part) => part.close());
    closing(processes.leases, (part) => part.close());
  }
  let routed: Routed | null = null;
  const networkSalt = processes?.networkSalt ?? secureRng.bytes(16);
  const refused = createRefusalLog(logger, clock);
  const gateway = createGateway({
    networkSalt,
    joined: (...client) => routed?.joined(...client),
    elsewhere: () => routed?.elsewhere ?? null,
    spool,
    admins,
    clock,
    log: logger,
    metrics: {
      ...metrics.gateway,
      refused(place, reason, who) {
        metrics.gateway.refused(place, reason);
        refused({ place, reason, ...who });
      },
    },
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    socketsPerAddress: config.maxPerAddress,
    joinsPerAddressPerSecond: Math.max(1, Math.ceil(config.maxPerAddress / 10)),
  });
  const ports = { storage, blobs, spool, arithmetic, hasSamples: samples.has, clock: steadyClock(clock), log: logger };
  const rng = seededRng(new DataView(secureRng.bytes(4).buffer).getUint32(0));
  const coordinatorOf = (leases: Leases, downlink: Downlink, elsewhere?: SumsElsewhere) =>
    createCoordinator({ ...ports, leases, downlink, evaluator, rng, secureRng, ...(elsewhere && { elsewhere }) });
  if (processes !== null && moving !== null) {
    routed = createRoutedCoordinator({
      ...{ ...ports, ...processes, moving },
      makeInner: (downlink, elsewhere) => coordinatorOf(processes.leases, downlink, elsewhere),
      sessions: gateway,
      loggedOut: (actor) => admins.loggedOut(actor),
    });
    const { loggedOut } = routed;
    closing(
      admins.onLogOut((actor, isElsewhere) => isElsewhere || loggedOut(actor)),
      (stop) => stop(),
    );
  }
  /** Of the tasks that this process has, and of all. */
  const own = routed?.inner ?? coordinatorOf(localLeases(storage.tasks), gateway.downlink);
  const coordinator = routed?.coordinator ?? own;
  closing(metrics.observe(own), (stop) => stop());
  closing(own.subscribe(afterRound), (stop) => stop());

  const allowed = config.webhookAllow;
  const makeWebhook = () =>
    createWebhook({
      ...{ store: storage.admin, rounds: storage.rounds, checkpoints: storage.checkpoints, coordinator },
      ...{ post: createPost({ allowed, clock }), allowed, resolve: resolveBySystem },
      ...{ clock, random: secureRng, log: logger, count: metrics.webhook },
    });
  const led = routed === null ? null : createLedWebhook({ make: makeWebhook, lead: routed, clock, log: logger });
  if (led !== null) routed?.answerAsFirst(led.answer);
  const webhook = closing(led ?? makeWebhook(), (part) => part.close());

  let readiness: Readiness = 'starting';
  const dependencies: HttpDependencies = {
    ...{ coordinator, storage, blobs, arithmetic, samples, admins, audit, metrics, webhook, logger, clock, webFolder },
    readiness: () => readiness,
    refused,
    networkOf: networkNames(networkSalt),
    addressOf: (remote, forwardedFor) => clientAddress(remote, forwardedFor, config.trustedProxies),
    server: {
      publicUrl: config.publicUrl,
      isSecure: tls !== null || config.publicUrl?.startsWith('https:') === true,
      maxPerAddress: config.maxPerAddress,
      tls,
    },
  };
  const http = closing(await createHttp(dependencies), (part) => part.close());
  await coordinator.start();
  await webhook.start();
  gateway.open(http.server, coordinator);
  await http.listen({ host: config.host, port: config.port });
  closing(keepSweeping(), (stop) => stop());
  readiness = 'ready';

  const { port } = http.server.address() as AddressInfo;
  const scheme = tls === null ? 'http' : 'https';
  const isEverywhere = config.host === '0.0.0.0' || config.host === '::';
  const url = `${scheme}://${isEverywhere ? '127.0.0.1' : bracketed(config.host)}:${port}`;
  await writeRunning(config.dataFolder, { url: config.publicUrl ?? url, pid: process.pid });
  closing(config.dataFolder, removeRunning);
  const code = await admins.makeLink();
  await audit.record('system', 'link.make', null);

  let closed: Promise<void> | undefined;
  return {
    url,
    otherUrls: isEverywhere
      ? addressesOfThisMachine().map((address) => `${scheme}://${bracketed(address)}:${port}`)
      : [],
    absentSamples: samples.absent(),
    adminLink: `${config.publicUrl ?? url}/admin#${code}`,
    logger,
    close: () => {
      closed ??= drain();
      return closed;
    },
  };

  async function drain(): Promise<void> {
    readiness = 'draining';
    // From here no round and no assignment begins; what the open uploads still bring is waited for afterwards.
    const begun = coordinator.drain();
    await gateway.drain(LIMITS.drainMs);
    await begun;
    await coordinator.drain();
    // Whoever still reads an answer gets this long: a slow reader does not hold up the end.
    const cancel = clock.after(ANSWERS_END_MS, () => http.server.closeAllConnections());
    await closeAll();
    cancel();
  }

  /** Counts how its assignments ended, and takes the weights that retention does not keep. */
  function afterRound(event: CoordinatorEvent): void {
    if (event.kind !== 'round-ended') return;
    Promise.all([
      storage.rounds.list(event.task, 1).then(([round]) => round && metrics.assignments(round)),
      event.version === null ? 0 : releaseOldWeights(storage, event.task),
    ]).catch((error: unknown) => logger.warn({ err: error, task: event.task }, 'the end of a round was not tidied up'));
  }

  /** Blobs, sessions and links that are over, at start and then every few minutes. Returns what ends it. */
  function keepSweeping(): () => void {
    let cancel = (): void => {};
    const again = (): void => {
      sweep(storage, blobs, clock.now()).then(
        (removed) => removed > 0 && logger.info({ removed }, 'blobs that nothing refers to are gone'),
        (error: unknown) => logger.warn({ err: error }, 'the blobs could not be swept'),
      );
      cancel = clock.after(SWEEP_EVERY_MS, again);
    };
    again();
    return () => cancel();
  }
}

async function keyPairOf({ tls, dataFolder, host }: Config): Promise<KeyPair | null> {
  if (tls === null) return null;
  return tls.kind === 'files' ? readKeyPair(tls) : selfSignedPair(join(dataFolder, 'tls'), host, systemClock);
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const addressesOfThisMachine = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
