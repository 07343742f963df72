import { describe, expect, it } from 'vitest';
import type { SimulatedRound } from '../simulation.ts';
import { csvOf } from './csv.ts';
import { bestSoFar, crossingOf, pointsOf } from './curve.ts';
import { ProgressBar } from './progress.ts';
import { svgOf } from './svg.ts';

const round = (number: number, accuracy: number | null, simulatedSeconds: number): SimulatedRound => ({
  ...{ number, outcome: accuracy === null ? 'abandoned' : 'committed', version: accuracy === null ? null : number },
  ...{ accuracy, loss: accuracy === null ? null : 1, accepted: 10, rejected: {}, uplinkBytes: 60, downlinkBytes: 40 },
  ...{ seconds: 0.5, simulatedSeconds },
});
const rounds = [round(1, 0.5, 10), round(2, null, 20), round(3, 0.9, 30), round(4, 0.7, 40), round(5, 0.98, 50)];

describe('what a run amounts to', () => {
  it('points add up bytes and time, also of rounds that made no version', () => {
    expect(pointsOf(0.1, rounds)).toEqual([
      { round: 0, bytes: 0, uplinkBytes: 0, downlinkBytes: 0, seconds: 0, accuracy: 0.1 },
      { round: 1, bytes: 100, uplinkBytes: 60, downlinkBytes: 40, seconds: 10, accuracy: 0.5 },
      { round: 3, bytes: 300, uplinkBytes: 180, downlinkBytes: 120, seconds: 30, accuracy: 0.9 },
      { round: 4, bytes: 400, uplinkBytes: 240, downlinkBytes: 160, seconds: 40, accuracy: 0.7 },
      { round: 5, bytes: 500, uplinkBytes: 300, downlinkBytes: 200, seconds: 50, accuracy: 0.98 },
    ]);
    const { simulatedSeconds: _, ...real } = round(1, 0.5, 0);
    expect(pointsOf(undefined, [real, { ...real, number: 2 }]).map(({ seconds }) => seconds)).toEqual([0.5, 1]);
  });

  it('the crossing is that of the best so far, linear between two rounds', () => {
    const points = pointsOf(0.1, rounds);
    expect(bestSoFar(points).map(({ accuracy }) => accuracy)).toEqual([0.1, 0.5, 0.9, 0.9, 0.98]);
    // From 0.5 after round 1 to 0.9 after round 3: 0.6 is a quarter of the way.
    expect(crossingOf(points, 0.6)).toEqual({
      ...{ round: 1.5, bytes: 150, uplinkBytes: 90, downlinkBytes: 60, seconds: 15 },
    });
    // From the best of before, 0.9, and not from the 0.7 of round 4.
    expect(crossingOf(points, 0.94)).toEqual({
      ...{ round: expect.closeTo(4.5, 9), seconds: expect.closeTo(45, 9), bytes: expect.closeTo(450, 6) },
      ...{ uplinkBytes: expect.closeTo(270, 6), downlinkBytes: expect.closeTo(180, 6) },
    });
    expect(crossingOf(points, 0.99)).toBeNull();
    expect(crossingOf(points, 0.05)).toEqual({
      ...{ round: 0, bytes: 0, uplinkBytes: 0, downlinkBytes: 0, seconds: 0 },
    });
  });

  it('a table of comma-separated values has a row a round', () => {
    expect(csvOf(rounds.slice(0, 2))).toBe(
      'round,outcome,version,accuracy,absoluteError,loss,accepted,uplinkBytes,downlinkBytes,seconds,simulatedSeconds\r\n' +
        '1,committed,1,0.5,,1,10,60,40,0.5,10\r\n2,abandoned,,,,,10,60,40,0.5,20\r\n',
    );
  });

  it('a picture has three panels, a dot a version, and the target as a line', () => {
    const svg = svgOf('2NN <iid> & more', pointsOf(0.1, rounds), 0.97);
    expect(svg).toContain('<title>2NN &lt;iid&gt; &amp; more</title>');
    expect(svg.match(/<g transform/g)).toHaveLength(3);
    expect(svg.match(/<circle /g)).toHaveLength(15);
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svgOf('nothing', [], null)).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('a bar shows what is left where somebody looks, and nothing elsewhere', () => {
    let nowMs = 0;
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const bar = new ProgressBar({ isTTY: true, write }, 90, () => nowMs);
    bar.show(0);
    nowMs = 60_000;
    bar.show(30);
    bar.clear();
    expect(written).toEqual([
      `\r\u001b[2K${'░'.repeat(30)} 0/90`,
      `\r\u001b[2K${'█'.repeat(10)}${'░'.repeat(20)} 30/90  2 min 0 s left`,
      '\r\u001b[2K',
    ]);
    const silent = new ProgressBar({ write }, 90, () => nowMs);
    silent.show(30);
    silent.clear();
    expect(written).toHaveLength(3);
  });
});
