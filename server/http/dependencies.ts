import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../shared/clock.ts';
import type { Admins } from '../auth/admins.ts';
import type { Audit } from '../observability/audit.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { RefusedCall } from '../observability/refusal-log.ts';
import type { Arithmetic, Coordinator } from '../rounds/port.ts';
import type { Samples } from '../samples/samples.ts';
import type { BlobStore } from '../storage/blobs/port.ts';
import type { Storage } from '../storage/port.ts';
import type { WebhookDoors } from '../webhook/webhook.ts';

export type Readiness = 'starting' | 'ready' | 'draining';

/** What HTTP speaks to; the composition root brings it. */
export interface HttpDependencies {
  readonly coordinator: Coordinator;
  readonly storage: Storage;
  readonly blobs: Pick<BlobStore, 'size' | 'stream'>;
  readonly arithmetic: Pick<Arithmetic, 'keep'>;
  readonly samples: Pick<Samples, 'take'>;
  readonly admins: Admins;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly webhook: WebhookDoors;
  readonly logger: Logger;
  /** Logs a call that was refused. */
  readonly refused: (call: RefusedCall) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly readiness: () => Readiness;
  /** What the network of such an address is called. */
  readonly networkOf: (address: string) => string;
  /** The address that limits are kept by. */
  readonly addressOf: (
    remoteAddress: string | undefined,
    forwardedFor: string | readonly string[] | undefined,
  ) => string;
  readonly server: {
    readonly publicUrl: string | null;
    /** People reach it over https: cookies are `Secure`, HSTS is sent. */
    readonly isSecure: boolean;
    readonly maxPerAddress: number;
    /** Key and certificate where this process itself speaks TLS. */
    readonly tls: { readonly key: string; readonly cert: string } | null;
  };
  /** The built pages and scripts. */
  readonly webFolder: URL;
}

/** The Fastify instance, whatever transport carries it. */
export type App = FastifyInstance;
