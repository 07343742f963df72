import type { Sight } from './member.ts';
import type { Report } from './reports.ts';
import { Wire, type WireTarget } from './wire.ts';

const WINDOW = 4;

/** The bytes of a contributor without anything that is Fedtab's: weights come, a report goes, chunk by chunk. */
export class BareMember {
  readonly #target: WireTarget;
  readonly #report: Report;
  readonly #sight: Sight;
  #wire: Wire | null = null;

  constructor(target: WireTarget, report: Report, sight: Sight) {
    this.#target = target;
    this.#report = report;
    this.#sight = sight;
  }

  open(): void {
    const sight = this.#sight;
    this.#wire = new Wire(
      this.#target,
      {},
      {
        event: (name) => {
          if (name === 'welcome') {
            sight.online += 1;
            sight.available += 1;
          } else if (name === 'weights') this.#send().catch((error: unknown) => sight.wrong.push(String(error)));
          else if (name === 'round') this.#heard();
        },
        closed: () => {
          sight.online -= 1;
          sight.receivedBytes += this.#wire?.receivedBytes ?? 0;
          sight.sentBytes += this.#wire?.sentBytes ?? 0;
        },
      },
    );
  }

  leave(): void {
    this.#wire?.close();
  }

  async #send(): Promise<void> {
    const left = [...this.#report.chunks];
    const sender = async (): Promise<void> => {
      for (let chunk = left.shift(); chunk !== undefined; chunk = left.shift())
        await this.#wire?.ask('report-chunk', { index: chunk.index, crc32: chunk.crc32 }, chunk.frame);
    };
    await Promise.all(Array.from({ length: WINDOW }, sender));
    await this.#wire?.ask('report-end', {});
    this.#sight.accepted += 1;
  }

  #heard(): void {
    const { heard } = this.#sight;
    const now = Date.now();
    const known = heard.get(1);
    if (known === undefined) heard.set(1, { outcome: 'committed', count: 1, firstAt: now, lastAt: now });
    else {
      known.count += 1;
      known.lastAt = now;
    }
  }
}
