/** Jobs one after another, in the order in which they were asked for. A job that fails does not hold up the next. */
export class Serial {
  #tail: Promise<unknown> = Promise.resolve();

  run<Value>(job: () => Promise<Value>): Promise<Value> {
    const result = this.#tail.then(job);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Resolves when nothing is left, not even what jobs asked for while this waited. */
  async idle(): Promise<void> {
    for (let tail: unknown; tail !== this.#tail; ) {
      tail = this.#tail;
      await tail;
    }
  }
}
