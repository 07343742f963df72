/**
 * Time as a port: what reads a clock or sets a timer takes one of these, so that tests and the simulator own
 * time. Steppers do not take a clock at all: their events carry the time.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970, for deadlines that outlive the process. */
  now(): number;
  /** Monotonic milliseconds, for durations. */
  elapsed(): number;
  /** Runs `callback` once after `delayMs`; returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}
