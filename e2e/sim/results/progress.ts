/** What a line can be written to and taken back from: standard error where a person sits before it. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const WIDTH = 30;

/** A bar with the time left, which lines of text push down; nothing at all where nobody looks. */
export class ProgressBar {
  readonly #screen: Screen;
  readonly #total: number;
  readonly #nowMs: () => number;
  readonly #beganMs: number;

  constructor(screen: Screen, total: number, nowMs: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#total = total;
    this.#nowMs = nowMs;
    this.#beganMs = nowMs();
  }

  show(done: number): void {
    if (this.#screen.isTTY !== true) return;
    const share = Math.min(1, done / this.#total);
    const full = Math.round(share * WIDTH);
    const elapsedMs = this.#nowMs() - this.#beganMs;
    const left = done === 0 ? '' : `  ${timeText((elapsedMs / done) * (this.#total - done))} left`;
    const bar = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`;
    this.#screen.write(`\r\u001b[2K${bar} ${done}/${this.#total}${left}`);
  }

  /** Takes the bar away: before a line, and at the end. */
  clear(): void {
    if (this.#screen.isTTY === true) this.#screen.write('\r\u001b[2K');
  }
}

function timeText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
