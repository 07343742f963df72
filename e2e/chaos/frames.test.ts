import { describe, expect, it } from 'vitest';
import { seededRng } from '../../shared/rng.ts';
import { type ConnectionFaults, fateOf, flipped, HARSH, WELL } from './faults.ts';
import { isAck, isControl, type Unit, UnitSplitter } from './frames.ts';

const head = Buffer.from('GET /socket.io/ HTTP/1.1\r\nUpgrade: websocket\r\n\r\n');
const text = (said: string) => Buffer.concat([Buffer.from([0x81, said.length]), Buffer.from(said)]);
/** As a client sends it: 300 bytes behind a mask of zeros. */
const masked = Buffer.concat([Buffer.from([0x82, 0x80 | 126, 1, 44, 0, 0, 0, 0]), Buffer.alloc(300, 7)]);
const ping = Buffer.from([0x89, 0]);

describe('a connection in units', () => {
  it('is its head, then frame by frame, however its bytes come', () => {
    const whole = Buffer.concat([head, text('430[{"ok":true}]'), masked, ping]);
    for (const pieceBytes of [1, 7, 100, whole.length]) {
      const splitter = new UnitSplitter();
      const units: Unit[] = [];
      for (let at = 0; at < whole.length; at += pieceBytes)
        units.push(...splitter.push(whole.subarray(at, at + pieceBytes)));
      expect(units.map(({ kind, bytes, contentsAt }) => [kind, bytes.length, contentsAt])).toEqual([
        ['head', head.length, 0],
        ['frame', 18, 2],
        ['frame', 308, 8],
        ['frame', 2, 2],
      ]);
      expect(units.map(isAck)).toEqual([false, true, false, false]);
      expect(units.map(isControl)).toEqual([false, false, false, true]);
    }
  });

  it('is bytes as they come where it is no WebSocket', () => {
    const splitter = new UnitSplitter();
    const units = splitter.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nbody'));
    expect(units.map(({ kind, bytes }) => [kind, bytes.toString('latin1')])).toEqual([
      ['head', 'HTTP/1.1 200 OK\r\n\r\n'],
      ['raw', 'body'],
    ]);
  });
});

describe('faults', () => {
  const [ack] = new UnitSplitter().push(Buffer.concat([head, text('430[]')])).slice(1) as [Unit];
  const whole: ConnectionFaults = { number: 0, cutAt: null, heldFrom: null };

  it('lose an ack, cut and hold where the connection says so, and are none on a network that is well', () => {
    const rng = seededRng(1);
    const lost = { ...WELL, ackDropped: 1 };
    expect(fateOf(ack, 'down', 5, whole, lost, rng)).toEqual({ kind: 'drop' });
    expect(fateOf(ack, 'up', 5, whole, lost, rng)).toEqual({ kind: 'pass' });
    expect(fateOf(ack, 'up', 5, { ...whole, heldFrom: 5 }, WELL, rng)).toEqual({ kind: 'hold' });
    expect(fateOf(ack, 'down', 5, { ...whole, cutAt: 5 }, WELL, rng)).toMatchObject({ kind: 'cut' });
    expect(fateOf(ack, 'down', 4, { ...whole, cutAt: 5 }, WELL, rng)).toEqual({ kind: 'pass' });
  });

  it('come about as often as their rates say', () => {
    const rng = seededRng(2);
    const kinds = Array.from({ length: 10_000 }, () => fateOf(ack, 'down', 0, whole, HARSH, rng).kind);
    const share = (kind: string) => kinds.filter((one) => one === kind).length / kinds.length;
    expect(share('drop')).toBeCloseTo(0.3, 1);
    expect(share('double')).toBeCloseTo(0.7 * 0.05, 2);
  });

  it('turn one bit of a copy', () => {
    const bytes = Buffer.from([0, 255]);
    expect([...flipped(bytes, 9)]).toEqual([0, 253]);
    expect([...bytes]).toEqual([0, 255]);
  });
});
