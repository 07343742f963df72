import { socketTransport, type Transport } from '../../web/client/index.ts';
import type { SocketTimeouts } from '../../web/client/socket-transport.ts';

/** Of the last welcome in the running mean. */
const SHARE = 1 / 16;
const FIRST_MS = 300;

/**
 * How long contributors wait for what may be lost: several times what welcomes take, which come as a rule. So a lost answer
 * costs little where the machine is quick, and where it is busy what comes late is not taken for lost.
 */
export class Patience {
  #welcomeMs = FIRST_MS;

  get timeouts(): SocketTimeouts {
    const ms = this.#welcomeMs;
    return {
      openMs: Math.max(3_000, 20 * ms),
      controlMs: Math.max(500, 8 * ms),
      chunkMs: Math.max(500, 8 * ms),
      reportEndMs: Math.max(750, 12 * ms),
    };
  }

  heard(welcomeMs: number): void {
    this.#welcomeMs += SHARE * (welcomeMs - this.#welcomeMs);
  }

  transport(): Transport {
    return {
      open: (target, inbox) => {
        const openedAt = performance.now();
        return socketTransport(this.timeouts).open(target, {
          ...inbox,
          welcome: (message) => {
            this.heard(performance.now() - openedAt);
            inbox.welcome(message);
          },
        });
      },
    };
  }
}
