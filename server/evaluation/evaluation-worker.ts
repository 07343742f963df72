import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { sha256Hex } from '../../shared/hash.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { fitsSample } from '../../shared/task/compatibility.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import { openWasm } from '../../web/trainer/core/backends/wasm.ts';
import type { Device } from '../../web/trainer/core/device.ts';
import { evaluate } from '../../web/trainer/core/evaluate.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { buildModel, type DeviceModel } from '../../web/trainer/core/model.ts';
import { readMnistTestSet } from '../samples/mnist.ts';
import { kept } from './kept.ts';
import type { ScoreAnswer, ScoreCall } from './messages.ts';

/** Examples that pass through the model at once: larger batches are no faster and only take memory. */
const ROWS = 250;
/** What a diverged model's loss is reported as: the largest float32. */
const LARGEST_LOSS = 3.4028234663852886e38;

/** The raw digits belong to no task; kept as uint8: 7.8 MB. */
const testSet = kept(readMnistTestSet);
const device = kept(openDevice);
let held: { readonly key: string; readonly model: DeviceModel } | undefined;

async function score(call: ScoreCall): Promise<Score | null> {
  const examples = await examplesFor(call);
  if (examples === null) return null;
  const bytes = await readFile(call.path);
  if (sha256Hex(bytes) !== call.sha256) throw new Error(`${call.path} does not hold what its name says`);
  const model = modelOf(call, await device());
  model.setParams(fromBytes(bytes));
  const result = await evaluate(model, examples, { rows: ROWS });
  if (result === null) return null;
  return { accuracy: result.accuracy, loss: Number.isFinite(result.loss) ? result.loss : LARGEST_LOSS };
}

/** The model of the last call is kept: rounds of one task follow each other. */
function modelOf({ topology, loss }: ScoreCall, on: Device): DeviceModel {
  const key = JSON.stringify([topology, loss]);
  if (held?.key === key) return held.model;
  held?.model.dispose();
  held = { key, model: buildModel(topology, loss, on) };
  return held.model;
}

async function openDevice(): Promise<Device> {
  const opened = await openWasm();
  if (!opened.ok) throw new Error(opened.reason);
  return opened.device;
}

/** The held-out data as this task's examples; null where there are none that fit it. float32 exists for one batch at a time. */
async function examplesFor({ data }: ScoreCall): Promise<Examples | null> {
  if (!fitsSample(data)) return null;
  const digits = await testSet();
  return digits && examplesOf(data.shape, data.labels.length, [digits]);
}

// A score is in no hurry: rounds go first where processors are scarce. On Linux this is the priority of the thread alone.
if (process.platform === 'linux') setPriority(5);

let turn: Promise<void> = Promise.resolve();

parentPort?.on('message', (call: ScoreCall) => {
  const { id } = call;
  const send = (answer: ScoreAnswer): void => parentPort?.postMessage(answer);
  // One after the other: they share one model.
  turn = turn
    .then(() => score(call))
    .then(
      (result) => send({ id, ok: true, score: result }),
      (error: unknown) => send({ id, ok: false, error: error instanceof Error ? error : new Error(String(error)) }),
    );
});
