import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { sha256Hex } from '../../shared/hash.ts';
import type { Score } from '../../shared/protocol/index.ts';
import { formOf } from '../../shared/task/kinds/index.ts';
import { fromBytes, LARGEST_FLOAT32 } from '../../shared/weights/vector.ts';
import { openWasm } from '../../web/trainer/core/backends/wasm.ts';
import type { Device } from '../../web/trainer/core/device.ts';
import { evaluate, scoreOf } from '../../web/trainer/core/evaluate.ts';
import { type Examples, examplesOf } from '../../web/trainer/core/examples.ts';
import { buildModel, type DeviceModel } from '../../web/trainer/core/model.ts';
import { sourceOf } from '../samples/index.ts';
import { kept } from './kept.ts';
import type { ScoreAnswer, ScoreCall } from './messages.ts';

/** Examples that pass through the model at once: larger batches are no faster and only take memory. */
const ROWS = 250;
/** Held-out sets in memory: a few tasks take turns. */
const HELD_OUT_KEPT = 4;

const device = kept(openDevice);
let held: { readonly key: string; readonly model: DeviceModel } | undefined;
const heldOut = new Map<string, Promise<Examples | null>>();

async function score(call: ScoreCall): Promise<Score | null> {
  const examples = await heldOutOf(call);
  if (examples === null) return null;
  const bytes = await readFile(call.path);
  if (sha256Hex(bytes) !== call.sha256) throw new Error(`${call.path} does not hold what its name says`);
  const model = modelOf(call, await device());
  model.setParams(fromBytes(bytes));
  const result = await evaluate(model, examples, { rows: ROWS });
  if (result === null) return null;
  // A diverged model has a loss that JSON cannot say.
  return { ...scoreOf(result), loss: Number.isFinite(result.loss) ? result.loss : LARGEST_FLOAT32 };
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

/** Kept as it is stored (images as uint8: 7.8 MB of MNIST); float32 exists for one batch at a time. */
function heldOutOf({ data }: ScoreCall): Promise<Examples | null> {
  const key = JSON.stringify(data);
  let examples = heldOut.get(key);
  if (examples === undefined) {
    examples = readHeldOut(data);
    examples.catch(() => heldOut.delete(key));
    const oldest = heldOut.keys().next().value;
    if (heldOut.size >= HELD_OUT_KEPT && oldest !== undefined) heldOut.delete(oldest);
    heldOut.set(key, examples);
  }
  return examples;
}

async function readHeldOut(data: ScoreCall['data']): Promise<Examples | null> {
  const columns = (await sourceOf(data)?.readHeldOut(data)) ?? null;
  return columns && examplesOf(formOf(data), [columns], columns.perPerson);
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
