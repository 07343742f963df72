import { describe, expect, it } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { type Leave, readLeaves, readSpeed, type Speed, slownessOf } from './devices.ts';

it.each<[string, Speed | null]>([
  ['same', { kind: 'same' }],
  ['lognormal:0.5', { kind: 'lognormal', sigma: 0.5 }],
  ['pareto:1.5', { kind: 'pareto', alpha: 1.5 }],
  ['same:1', null],
  ['lognormal', null],
  ['pareto:0', null],
  ['pareto:1:2', null],
  ['normal:1', null],
])('reads the speed %j as %j', (text, expected) => {
  expect(readSpeed(text)).toEqual(expected);
});

it.each<[string, Leave[] | null]>([
  [
    'training:0.1,uploading:1',
    [
      { state: 'training', probability: 0.1 },
      { state: 'uploading', probability: 1 },
    ],
  ],
  ['training', null],
  ['training:2', null],
  ['waiting:0.1', null],
  ['', null],
])('reads who leaves %j as %j', (text, expected) => {
  expect(readLeaves(text)).toEqual(expected);
});

describe('how long devices take', () => {
  const sorted = (speed: Speed): number[] => slownessOf(4_000, speed, seededRng(5)).sort((a, b) => a - b);
  const at = (values: readonly number[], share: number): number => values[Math.floor(share * values.length)] as number;

  it('log-normal: the median is the usual device, and as many take e^σ times as long as N(0, 1) is above 1', () => {
    const times = sorted({ kind: 'lognormal', sigma: 0.5 });
    expect(at(times, 0.5)).toBeGreaterThan(0.95);
    expect(at(times, 0.5)).toBeLessThan(1.05);
    expect(at(times, 0.8413) / Math.exp(0.5)).toBeGreaterThan(0.95);
    expect(at(times, 0.8413) / Math.exp(0.5)).toBeLessThan(1.05);
  });

  it('heavy-tailed: P(longer than x times) = x^−α, and nobody is faster than the usual device', () => {
    const times = sorted({ kind: 'pareto', alpha: 1.5 });
    expect(times[0]).toBeGreaterThanOrEqual(1);
    expect(times.filter((time) => time > 4).length / 4_000).toBeGreaterThan(0.11);
    expect(times.filter((time) => time > 4).length / 4_000).toBeLessThan(0.14);
    expect(times.at(-1)).toBeGreaterThan(50);
  });

  it('the same for the same seed', () => {
    const speed: Speed = { kind: 'lognormal', sigma: 1 };
    expect(slownessOf(3, speed, seededRng(1))).toEqual(slownessOf(3, speed, seededRng(1)));
    expect(slownessOf(3, { kind: 'same' }, seededRng(1))).toEqual([1, 1, 1]);
  });
});
