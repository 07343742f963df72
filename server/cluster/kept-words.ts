const NOTHING_OVER = '0-0';

/**
 * The newest words of a stream, up to a number and so many characters of them: from where on the stream is kept. Every process
 * reads all words, so each knows this by itself.
 */
export class KeptWords {
  readonly #maximum: { readonly words: number; readonly characters: number };
  /** Id → characters, oldest first. */
  readonly #lengths = new Map<string, number>();
  #characters = 0;
  #oldest = NOTHING_OVER;

  constructor(maximum: { readonly words: number; readonly characters: number }) {
    this.#maximum = maximum;
  }

  add(id: string, characters: number): void {
    this.#lengths.set(id, characters);
    this.#characters += characters;
    for (const [oldest, length] of this.#lengths) {
      if (this.#lengths.size <= this.#maximum.words && this.#characters <= this.#maximum.characters) return;
      this.#lengths.delete(oldest);
      this.#characters -= length;
      this.#oldest = this.#lengths.keys().next().value ?? id;
    }
  }

  /** Id from which on the stream is kept: of what was there before this process listened, all, until what it heard is more than is kept. */
  oldest(): string {
    return this.#oldest;
  }

  clear(): void {
    this.#lengths.clear();
    this.#characters = 0;
    this.#oldest = NOTHING_OVER;
  }
}
