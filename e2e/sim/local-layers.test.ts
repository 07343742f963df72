import { expect, it } from 'vitest';
import type { AssignmentToken, Sha256, UpdateId } from '../../shared/ids.ts';
import { initialWeights } from '../../shared/model/initial-weights.ts';
import { modelOf, topologyOf } from '../../shared/task/model-of.ts';
import { gather, localEntries, reportLayout } from '../../shared/task/report-layout.ts';
import type { TaskSpec } from '../../shared/task/spec.ts';
import { digits } from '../../shared/task/templates/digits.ts';
import { fromBytes } from '../../shared/weights/vector.ts';
import { FRAME_HEADER_BYTES } from '../../shared/wire/frame.ts';
import { reportOf } from '../../web/client/report.ts';
import { trainAssigned } from '../../web/trainer/core/assignment.ts';
import { openCpu } from '../../web/trainer/core/backends/cpu.ts';
import { noise } from '../../web/trainer/core/fixtures/tiny.ts';
import { buildModel } from '../../web/trainer/core/model.ts';
import { memoryOwnState, type OwnRecord } from '../../web/trainer/core/own-state.ts';

it('P46 no tensor of a local layer is in the frame of a report: neither its values nor their changes', async () => {
  const dense = (name: string, units: number, activation: 'relu' | 'softmax') =>
    ({ class_name: 'Dense', config: { name, units, activation } }) as const;
  const spec: TaskSpec = {
    ...digits,
    model: {
      topology: {
        input: [28, 28, 1],
        layers: [
          { class_name: 'Flatten', config: { name: 'flatten' } },
          dense('base', 4, 'relu'),
          dense('head', 10, 'softmax'),
        ],
      },
      seed: 1,
    },
    client: { ...digits.client, local: ['head'] },
  };
  const shape = modelOf(spec);
  const { layout } = shape;
  const cpu = await openCpu();
  await cpu.activate();
  const model = buildModel(topologyOf(spec), spec.client.loss, cpu);
  const own = memoryOwnState();
  const params = initialWeights(shape, 1);
  const outcome = await trainAssigned(model, params, noise([28, 28, 1], 10, 30), { plan: spec.client, seed: 1, own });
  model.dispose();
  if (!outcome.ok) throw new Error(outcome.message);
  const report = reportLayout(layout, spec.client);
  const { frame } = await reportOf(
    {
      ...{ codec: spec.codec, client: spec.client, parameters: layout.size, layoutSha256: layout.sha256 },
      report: { values: report.size, layoutSha256: report.sha256 },
    },
    {
      token: 'f'.repeat(32) as AssignmentToken,
      updateId: 'e'.repeat(32) as UpdateId,
      seed: 1,
      base: { version: 0, sha256: 'b'.repeat(64) as Sha256, bytes: layout.size * 4 },
    },
    outcome,
  );
  expect(frame.byteLength).toBe(FRAME_HEADER_BYTES + 3_140 * 4);

  const sent = new Set(fromBytes(frame.slice(FRAME_HEADER_BYTES)));
  const head = ((await own.load()) as OwnRecord).local as Float32Array;
  const before = gather(params, localEntries(layout, spec.client));
  const changes = head.map((value, at) => value - (before[at] as number));
  expect([head.length, new Set(changes).size > 40]).toEqual([50, true]);
  for (const value of [...head, ...changes]) if (value !== 0) expect(sent.has(value)).toBe(false);
  // The search finds what is there.
  expect([...outcome.delta].every((value) => sent.has(value))).toBe(true);
});
