import type { ShardStore, ShardTransaction } from './shard-store.ts';

/** Shards that end with the page: for browsers that keep nothing, and for examples given before consent. */
export function createMemoryShards(): ShardStore {
  let index: object | undefined;
  let shards = new Map<number, Uint8Array<ArrayBuffer>>();
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other, on a copy that takes the place of the original only when the work is done. */
  const inTurn = <Answer>(work: (transaction: ShardTransaction) => Promise<Answer>): Promise<Answer> => {
    const run = async (): Promise<Answer> => {
      let nextIndex = index;
      const next = new Map(shards);
      const answer = await work({
        index: async () => nextIndex,
        shard: async (key) => next.get(key),
        putIndex: async (value) => {
          nextIndex = structuredClone(value);
        },
        putShard: async (key, bytes) => void next.set(key, bytes.slice()),
        dropShard: async (key) => void next.delete(key),
        dropAll: async () => {
          nextIndex = undefined;
          next.clear();
        },
      });
      index = nextIndex;
      shards = next;
      return answer;
    };
    const turn = last.then(run);
    last = turn.catch(() => {});
    return turn;
  };

  return {
    kept: 'memory',
    change: inTurn,
    view: inTurn,
    destroy: () => inTurn((transaction) => transaction.dropAll()),
    close: () => {},
  };
}
