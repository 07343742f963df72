import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { startThread } from '../../worker-threads.ts';
import { StorageIoError } from '../errors.ts';
import { type Answer, errorOf, type Opened, type Reply, type Request } from './messages.ts';

type Waiting = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };

/** The database's thread, seen from here. Requests are done in the order in which they are sent. */
export class SqliteThread {
  readonly #path: string;
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #ended: Error | null = null;

  /** Opens or creates the file; rejects with `CorruptDatabaseError`, `StorageFullError` or `StorageIoError`. */
  static async open(path: string): Promise<SqliteThread> {
    const thread = startThread('storage/sqlite/sqlite-worker', { workerData: { path } });
    const [opened] = (await once(thread, 'message')) as [Opened];
    if ('failure' in opened) throw errorOf(opened.failure, path);
    return new SqliteThread(path, thread);
  }

  private constructor(path: string, thread: Worker) {
    this.#path = path;
    this.#thread = thread;
    thread.on('message', (reply: Reply) => this.#settle(reply));
    thread.on('error', (error) => this.#end(new StorageIoError(`${path}: ${error.message}`, { cause: error })));
    thread.on('exit', () => this.#end(new StorageIoError(`${path}: the database is closed`)));
  }

  send(request: Request): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage({ id, request });
    });
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const exit = once(this.#thread, 'exit');
    const closed = this.send({ kind: 'close' });
    this.#ended = new StorageIoError(`${this.#path}: the database is closed`);
    await closed;
    await exit;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(errorOf(reply.failure, this.#path));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
