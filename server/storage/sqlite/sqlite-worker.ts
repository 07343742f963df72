import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../shared/assert.ts';
import { Connection, failureOf } from './connection.ts';
import type { Opened, Reply, Request } from './messages.ts';

/** The thread that holds the database: fsync stops it, and not the event loop of the process. */
const port = parentPort;
assert(port, 'sqlite-worker runs in a thread');

const open = (): Connection | null => {
  try {
    const connection = new Connection((workerData as { path: string }).path);
    port.postMessage({ opened: true } satisfies Opened);
    return connection;
  } catch (error) {
    port.postMessage({ failure: failureOf(error) } satisfies Opened);
    return null;
  }
};

const connection = open();
if (connection) {
  port.on('message', ({ id, request }: { id: number; request: Request }) => {
    try {
      port.postMessage({ id, answer: connection.run(request) } satisfies Reply);
    } catch (error) {
      port.postMessage({ id, failure: failureOf(error) } satisfies Reply);
    }
    if (request.kind === 'close') port.close();
  });
}
