import { memory } from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { openCpu } from './backends/cpu.ts';
import type { Opened } from './backends/opened.ts';
import { openWasm } from './backends/wasm.ts';
import { type Device, deviceOf } from './device.ts';
import type { Finding, Probed } from './finding.ts';
import { dense, normalized, plan, tinyConvolution } from './fixtures/tiny.ts';
import { type DeviceOpeners, type PrepareOptions, prepareModel, type Requested } from './prepare.ts';

const softmax = dense(6, 3, 'softmax');
const here: DeviceOpeners = { wasm: openWasm, cpu: openCpu };
const alone: DeviceOpeners = { cpu: openCpu };

type Bend = (values: Float32Array) => Float32Array | Promise<Float32Array>;
const asIs: Bend = (values) => values;
const zeros: Bend = (values) => new Float32Array(values.length);
/** Each read takes so long: nothing that is not meant to be slow does, on a busy machine either. */
const slowBy =
  (ms: number): Bend =>
  async (values) => {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs);
    return values;
  };
const slow = slowBy(20);

/** Stands where a backend would: the plain CPU, whose answers pass through `bend` on their way out. */
function standIn(name: 'webgpu' | 'webgl' | 'wasm', bend: Bend, opened: string[] = []): () => Promise<Opened> {
  return async () => {
    opened.push(name);
    const cpu: Device = deviceOf('cpu');
    const read: Device['read'] = async (tensors) => bend(await cpu.read(tensors));
    return { ok: true, device: { ...cpu, name, read, close: () => void opened.push(`${name} closed`) } };
  };
}

beforeEach(async () => {
  await openCpu();
});

async function choose(requested: Requested, openers: DeviceOpeners, options: PrepareOptions = {}, topology = softmax) {
  const { model, ...choice } = await prepareModel(topology, plan(), requested, openers, { timedMs: 10, ...options });
  expect(model.device.name).toBe(choice.used);
  model.dispose();
  return choice;
}
const brief = async (...how: Parameters<typeof choose>) => {
  const { used, reason } = await choose(...how);
  return { used, reason };
};

describe('the choice of a backend', () => {
  test('what was asked for, where it trains right', async () => {
    expect(await brief('cpu', here)).toEqual({ used: 'cpu', reason: null });
    expect(await brief('wasm', here)).toEqual({ used: 'wasm', reason: null });
    const slowest = { ...here, webgl: standIn('webgl', slow), webgpu: standIn('webgpu', asIs) };
    expect(await brief('webgl', slowest)).toEqual({ used: 'webgl', reason: null });
    expect(await brief('wasm', here, {}, normalized)).toEqual({ used: 'wasm', reason: null });
  });

  test('left to itself, the fastest of those that are right, whatever its name', async () => {
    const openers = { webgpu: standIn('webgpu', zeros), webgl: standIn('webgl', slowBy(300)), ...here };
    const { used, reason, findings } = await choose('auto', openers);
    expect(['wasm', 'cpu']).toContain(used);
    expect(reason).toBe(null);
    expect(findings.map(({ backend, isRight }) => [backend, isRight])).toEqual([
      ['webgpu', false],
      ['webgl', true],
      ['wasm', true],
      ['cpu', true],
    ]);
    const [, webgl, wasm] = findings;
    expect(webgl?.isRight && webgl.stepMs).toBeGreaterThan(100);
    expect(wasm?.isRight && wasm.stepMs).toBeLessThan((webgl?.isRight && webgl.stepMs) || 0);
  });

  test.each<Requested>(['auto', 'webgl'])(
    '%s without any other is the plain CPU, with the reason',
    async (requested) => {
      const { used, reason } = await brief(requested, alone);
      expect(used).toBe('cpu');
      expect(reason).toMatch(/WebGL is not available here.*; the plain CPU trains instead, which is slower\.$/);
    },
  );

  test('one that was asked for in vain is told, and the next best is used', async () => {
    expect(await brief('webgpu', { ...alone, webgl: standIn('webgl', asIs) })).toMatchObject({
      reason: expect.stringMatching(/^WebGPU is not available here; (WebGL|the plain CPU) trains instead/),
    });
  });

  test('WebAssembly trains convolutions, by kernels of our own', async () => {
    expect(await brief('wasm', here, {}, tinyConvolution)).toEqual({ used: 'wasm', reason: null });
  });

  test('a backend without a kernel for this model is found out', async () => {
    const lacking = {
      ...alone,
      wasm: standIn('wasm', () => Promise.reject(new Error('Kernel X not registered\n at Y'))),
    };
    const { used, reason, findings } = await choose('wasm', lacking, {}, tinyConvolution);
    expect(used).toBe('cpu');
    expect(reason).toBe(
      'WebAssembly cannot train this model here (Kernel X not registered); the plain CPU trains instead, which is slower.',
    );
    expect(findings[2]).toMatchObject({ backend: 'wasm', isRight: false, fault: 'incapable' });
  });

  test.each<[string, Bend, RegExp]>([
    ['rounds to half precision', (values) => values.map((value) => Math.round(value * 512) / 512), /off by [\d.]+ %/],
    ['answers with zeros', zeros, /off by \d+ %/],
    ['answers with NaN', (values) => values.map(() => Number.NaN), /not a number/],
  ])('a backend that %s is refused', async (_, bend, reason) => {
    const choice = await brief('webgl', { ...alone, webgl: standIn('webgl', bend) });
    expect(choice.used).toBe('cpu');
    expect(choice.reason).toMatch(/^WebGL computes this model wrongly here/);
    expect(choice.reason).toMatch(reason);
  });

  test('a backend that is wrong in the bias of one layer alone is refused', async () => {
    // The last read of a step is that of its weights: the convolution's bias lies behind its 27 values, and began as zeros.
    const isBias = (at: number): boolean => at >= 27 && at < 30;
    const oneBias: Bend = (values) =>
      values.length > 100 ? values.map((value, at) => (isBias(at) ? 0 : value)) : values;
    const choice = await brief('webgl', { ...alone, webgl: standIn('webgl', oneBias) }, {}, tinyConvolution);
    expect(choice.used).toBe('cpu');
    expect(choice.reason).toMatch(/^WebGL computes this model wrongly here \(off by/);
  });

  test('one that was lost twice in a row is not opened, said to be lost, and not kept as right', async () => {
    const opened: string[] = [];
    const openers = { ...here, webgl: standIn('webgl', asIs, opened) };
    const { probed } = await choose('webgl', openers);
    opened.length = 0;
    for (const requested of ['auto', 'webgl'] as const) {
      const choice = await choose(requested, openers, { known: probed, avoided: ['webgl'] });
      expect(choice.used).not.toBe('webgl');
      expect(choice.reason).toMatch(/^WebGL was lost here before; .* trains instead/);
      expect(choice.findings[1]).toMatchObject({ backend: 'webgl', fault: 'lost' });
      expect(choice.probed?.findings.map(({ backend }) => backend)).not.toContain('webgl');
    }
    expect(opened).toEqual([]);
  });

  test('a reluctant one is opened only where no other but the plain CPU is right', async () => {
    const opened: string[] = [];
    const wasm = standIn('wasm', asIs, opened);
    await choose('auto', { ...alone, wasm, webgl: standIn('webgl', slow) }, { reluctant: ['wasm'] });
    expect(opened).toEqual([]);
    await choose('auto', { ...alone, wasm, webgl: standIn('webgl', zeros) }, { reluctant: ['wasm'] });
    expect(opened[0]).toBe('wasm');
  });

  test('leaves nothing on the device but the model', async () => {
    await choose('wasm', here);
    const before = memory().numTensors;
    await choose('wasm', here);
    await choose('auto', { ...here, webgl: standIn('webgl', slow), webgpu: standIn('webgpu', zeros) });
    await choose('auto', { ...alone, webgl: standIn('webgl', () => Promise.reject(new Error('broken'))) });
    expect(memory().numTensors).toBe(before);
  });
});

describe('what was found before', () => {
  test('is believed as to times: one backend is opened, and no reference is computed', async () => {
    const opened: string[] = [];
    const openers = { ...alone, webgl: standIn('webgl', asIs, opened), wasm: standIn('wasm', asIs, opened) };
    const { probed } = await choose('auto', openers);
    const known = timed(probed, { webgl: 1, wasm: 0.1, cpu: 9 });
    opened.length = 0;
    const again = await choose('auto', openers, { known });
    expect(again).toMatchObject({ used: 'wasm', reason: null });
    expect(again.probed).toEqual(known);
    expect(opened).toEqual(['wasm']);
  });

  test('is checked: a backend that has gone wrong since is refused, and the next best is used', async () => {
    const right = { ...alone, webgl: standIn('webgl', asIs), wasm: standIn('wasm', asIs) };
    const known = timed((await choose('auto', right)).probed, { webgl: 0.1, wasm: 1, cpu: 9 });
    const opened: string[] = [];
    const openers = { ...alone, webgl: standIn('webgl', zeros, opened), wasm: standIn('wasm', asIs, opened) };
    const again = await choose('auto', openers, { known });
    expect(again.used).toBe('wasm');
    expect(again.probed?.findings[1]).toMatchObject({ backend: 'webgl', isRight: false, fault: 'wrong' });
    expect(opened).toEqual(['webgl', 'webgl closed', 'wasm']);
  });

  test('of one that was asked for leaves the others to be probed when they are needed', async () => {
    const { probed } = await choose('wasm', here);
    expect(probed?.findings.map(({ backend }) => backend)).toEqual(['wasm', 'cpu']);
    const later = await choose('auto', { ...here, webgl: standIn('webgl', slow) }, { known: probed });
    expect(later.findings.map(({ backend }) => backend)).toEqual(['webgpu', 'webgl', 'wasm', 'cpu']);
  });
});

describe('a large model', () => {
  /** A plain CPU that takes its time, and counts how often it is read. */
  function slowPlain(): { readonly cpu: DeviceOpeners['cpu']; reads: number } {
    const plain = {
      reads: 0,
      async cpu(): Promise<Device> {
        const device = await openCpu();
        const read: Device['read'] = async (tensors) => {
          plain.reads++;
          const untilMs = performance.now() + 260;
          while (performance.now() < untilMs);
          return device.read(tensors);
        };
        return { ...device, read };
      },
    };
    return plain;
  }
  const foundOf = (findings: readonly Finding[], name: string) => findings.find(({ backend }) => backend === name);

  test('makes no step in plain JavaScript where two backends agree, and with it in the loss', async () => {
    const plain = slowPlain();
    const openers = { cpu: plain.cpu, webgl: standIn('webgl', asIs), wasm: standIn('wasm', asIs) };
    const { used, findings, probed } = await choose('auto', openers);
    expect(used).not.toBe('cpu');
    expect(plain.reads).toBe(2);
    expect(foundOf(findings, 'cpu')).toMatchObject({ isRight: true, isFloor: true });
    const { probed: small } = await choose('auto', { ...openers, cpu: openCpu });
    expect(probed?.reference.loss).toBeCloseTo(small?.reference.loss ?? Number.NaN, 5);
  });

  test('of normalizations has its loss told by the batch, as the step has it', async () => {
    const plain = slowPlain();
    const openers = { cpu: plain.cpu, webgl: standIn('webgl', asIs), wasm: standIn('wasm', asIs) };
    const { used } = await choose('auto', openers, {}, normalized);
    expect([used === 'cpu', plain.reads]).toEqual([false, 2]);
  });

  test.each<[string, Bend, Bend]>([
    ['differ', zeros, asIs],
    [
      'agree in something wrong',
      (values) => values.map((value) => 2 * value),
      (values) => values.map((value) => 2 * value),
    ],
  ])('is decided by the plain CPU where the two %s, without timing it', async (_, first, second) => {
    const plain = slowPlain();
    const openers = { cpu: plain.cpu, webgl: standIn('webgl', first), wasm: standIn('wasm', second) };
    const { findings } = await choose('auto', openers);
    expect(foundOf(findings, 'webgl')).toMatchObject({ fault: 'wrong' });
    expect(foundOf(findings, 'wasm')).toMatchObject({ isRight: second === asIs });
    const found = foundOf(findings, 'cpu');
    expect(found?.isRight && found.isFloor && found.stepMs).toBeGreaterThan(500);
    expect(plain.reads).toBe(4);
  });

  test('is left to the plain CPU only where that was timed, or nothing else is right', async () => {
    const plain = slowPlain();
    const { used } = await choose('auto', { cpu: plain.cpu, webgl: standIn('webgl', slow) });
    expect(used).toBe('webgl');
  });
});

/** The same answers with times of the test's own. */
function timed(probed: Probed | null, stepMs: Record<string, number>): Probed {
  if (probed === null) throw new Error('nothing was probed');
  const findings = probed.findings.map((finding): Finding => {
    const ms = stepMs[finding.backend];
    return finding.isRight && ms !== undefined ? { ...finding, stepMs: ms, isFloor: false } : finding;
  });
  return { ...probed, findings };
}
