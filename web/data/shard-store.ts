/** Where a dataset's index and shards lie: IndexedDB, or memory. Both pass the contract beside this file. */
export interface ShardStore {
  readonly kept: 'indexeddb' | 'memory';
  /**
   * One atomic change; resolves when it is complete, rejects when nothing of it happened. Inside `work` only the
   * transaction's own promises may be awaited.
   */
  change<Answer>(work: (transaction: ShardTransaction) => Promise<Answer>): Promise<Answer>;
  /** Reads a consistent picture; creates nothing where there is nothing. */
  view<Answer>(work: (transaction: ShardReader) => Promise<Answer>): Promise<Answer>;
  /** Everything is gone when it resolves, the database itself included. */
  destroy(): Promise<void>;
  close(): void;
}

export interface ShardReader {
  /** As it was written, or anything at all if it was damaged; undefined where there is none. */
  index(): Promise<unknown>;
  shard(key: number): Promise<unknown>;
}

export interface ShardTransaction extends ShardReader {
  putIndex(index: object): Promise<void>;
  putShard(key: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  dropShard(key: number): Promise<void>;
  dropAll(): Promise<void>;
}
