import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../shared/assert.ts';
import { inPlace } from '../storage/blobs/files.ts';
import { openBlobs } from '../storage/blobs/place.ts';
import type { BlobPlace } from '../storage/blobs/port.ts';
import { createArithmeticCore } from './arithmetic-core.ts';
import type { ArithmeticAnswer, ArithmeticCall } from './arithmetic-messages.ts';
import { Serial } from './serial.ts';

// The entry of the arithmetic thread. Its adapters are made here, since nothing but plain data crosses to a thread.
const port = parentPort;
assert(port !== null, 'this is the entry of a thread');
const core = createArithmeticCore(openBlobs(workerData as BlobPlace, inPlace));
const calls = new Serial();

port.on('message', ({ id, method, args }: ArithmeticCall) => {
  const carryOut = core[method] as (...args: readonly unknown[]) => Promise<unknown>;
  void calls
    .run(() => carryOut(...args))
    .then(
      (value): ArithmeticAnswer => ({ id, ok: true, value }),
      (error: unknown): ArithmeticAnswer => ({ id, ok: false, error }),
    )
    .then((answer) => port.postMessage(answer));
});
