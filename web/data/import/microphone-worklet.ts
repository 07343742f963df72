// The audio thread's side of the microphone: hands on what it hears, in pieces. It has globals of its own, which no
// library of TypeScript declares.
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** About 20 to 30 ms: few enough messages, and a picture that keeps up. */
const PIECE_SAMPLES = 1_024;

class Listener extends AudioWorkletProcessor {
  #piece = new Float32Array(PIECE_SAMPLES);
  #held = 0;

  process([input]: readonly (readonly Float32Array[])[]): boolean {
    for (const value of input?.[0] ?? []) {
      this.#piece[this.#held++] = value;
      if (this.#held < PIECE_SAMPLES) continue;
      this.port.postMessage(this.#piece, [this.#piece.buffer]);
      this.#piece = new Float32Array(PIECE_SAMPLES);
      this.#held = 0;
    }
    return true;
  }
}

registerProcessor('fedtab-listener', Listener);
