import type { UpdateId } from '../../shared/ids.ts';
import type { Receipt } from '../../shared/protocol/index.ts';
import { type History, Violation } from '../crash/history.ts';

/** What the contributors themselves did and heard, by round. */
export class Seen {
  readonly #trained = new Map<number, Set<number>>();
  readonly #acknowledged = new Map<number, Map<number, UpdateId>>();
  readonly #unsure: { readonly cell: number; readonly updateId: UpdateId }[] = [];
  /** Reports whose receipt told of another round: it is told of again with each note. */
  readonly #corrected = new Set<UpdateId>();
  #otherwise = 0;

  get misheard(): number {
    return this.#corrected.size + this.#otherwise;
  }

  trained(round: number, cell: number): void {
    cellsOf(this.#trained, round, () => new Set()).add(cell);
  }

  /** A client takes a receipt of its own report alone (P27); of the round in it a bit may be turned. */
  acknowledged({ round, updateId }: Receipt, cell: number): void {
    if (this.#corrected.has(updateId)) return;
    if (this.#trained.get(round)?.has(cell)) this.#add(round, cell, updateId);
    else this.#unsure.push({ cell, updateId });
  }

  count(rounds: Iterable<number>): number {
    let sum = 0;
    for (const round of rounds) sum += this.#acknowledged.get(round)?.size ?? 0;
    return sum;
  }

  /** What was acknowledged is counted, and what is counted was made by somebody. `roundOf` is what the server says of a report. */
  async check(
    history: Pick<History, 'committed' | 'holds'>,
    roundOf: (updateId: UpdateId) => Promise<number>,
  ): Promise<void> {
    for (const [round, cells] of this.#acknowledged) {
      const counted = history.committed.get(round)?.cells;
      for (const [cell, updateId] of cells)
        if (counted?.has(cell) === false && (await roundOf(updateId)) !== round) {
          cells.delete(cell);
          this.#unsure.push({ cell, updateId });
        }
    }
    for (const { cell, updateId } of this.#unsure.splice(0)) {
      if (this.#corrected.has(updateId)) continue;
      this.#corrected.add(updateId);
      this.#add(await roundOf(updateId), cell, updateId);
    }
    history.holds(this.#acknowledged);
    for (const { number, cells } of history.committed.values())
      for (const cell of cells) if (!this.#trained.get(number)?.has(cell)) this.#trainedAs(number, cell);
  }

  /** The contributor may have been told of another round: one bit of the number in its assignment was turned. */
  #trainedAs(number: number, cell: number): void {
    const rounds = [...this.#trained].filter(([, cells]) => cells.has(cell)).map(([round]) => round);
    if (!rounds.some((round) => isOneBitFrom(round, number)))
      throw new Violation(`round ${number}: nobody made the report of ${cell}, which trained in ${rounds.slice(-20)}`);
    this.trained(number, cell);
    this.#otherwise += 1;
  }

  #add(round: number, cell: number, updateId: UpdateId): void {
    cellsOf(this.#acknowledged, round, () => new Map()).set(cell, updateId);
  }
}

/** Of what stands in a message. */
function isOneBitFrom(a: number, b: number): boolean {
  const [one, other] = [Buffer.from(String(a)), Buffer.from(String(b))];
  const turned = one.map((byte, at) => byte ^ (other[at] ?? 0)).filter((bits) => bits !== 0);
  const [bits = 0] = turned;
  return one.length === other.length && turned.length === 1 && (bits & (bits - 1)) === 0;
}

function cellsOf<Cells>(rounds: Map<number, Cells>, round: number, none: () => Cells): Cells {
  const known = rounds.get(round) ?? none();
  rounds.set(round, known);
  return known;
}
