import { describe, expect, it } from 'vitest';
import { zooTopology } from '../../../shared/model/zoo.ts';
import { ASSUMED, estimate } from './estimate.ts';

const plan = { work: 'sgd', epochs: 1, maxSteps: undefined, batchSize: 10 } as const;

describe('an estimate', () => {
  it('counts four bytes a parameter each way, and the frame of a report', () => {
    expect(estimate(zooTopology('mlp-2nn'), plan)).toMatchObject({
      parameters: 199_210,
      downBytes: 796_840,
      upBytes: 796_936,
    });
  });

  it('counts what the codec writes of a report', () => {
    const upOf = (coding: Parameters<typeof estimate>[2]) => estimate(zooTopology('mlp-2nn'), plan, coding)?.upBytes;
    expect(upOf({ up: 'uniform-8', range: 0.05 })).toBeLessThan(0.21e6);
    expect(upOf({ up: 'eden-1' })).toBeLessThan(0.03e6);
    expect(upOf({ up: 'top-k', fraction: 0.01 })).toBeLessThan(0.02e6);
  });

  it('of the softmax: 60 steps of 10 examples and 7,840 multiply-adds, and 63 kB', () => {
    const seconds = 60 * (0.008 + (3 * 7_840 * 10) / 1e9) + (31_400 + 31_496) / 1e6;
    expect(estimate(zooTopology('softmax'), plan)?.seconds).toBeCloseTo(seconds, 9);
  });

  it('grows with epochs, stops at a number of steps, and is one step for a full batch', () => {
    const once = estimate(zooTopology('cnn'), plan);
    const twice = estimate(zooTopology('cnn'), { ...plan, epochs: 2 });
    const capped = estimate(zooTopology('cnn'), { ...plan, epochs: undefined, maxSteps: 60 });
    const transfer = ((once?.downBytes ?? 0) + (once?.upBytes ?? 0)) / ASSUMED.bytesPerSecond;
    expect((twice?.seconds ?? 0) - transfer).toBeCloseTo(2 * ((once?.seconds ?? 0) - transfer), 9);
    expect(capped).toEqual(once);
    const whole = estimate(zooTopology('softmax'), { ...plan, work: 'full-batch' });
    expect(whole?.seconds).toBeCloseTo(0.008 + (3 * 7_840 * 600) / 1e9 + (31_400 + 31_496) / 1e6, 9);
  });

  it('is not known of a model that does not build', () => {
    expect(estimate({ input: [784], layers: [] }, plan)).toBeNull();
  });
});
