import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

// The entry of a process of its own: what Socket.IO alone does with the bytes of a round. It broadcasts so many, takes
// as many of each, acknowledges each chunk, and says to all that it has everything. It keeps, checks and sums nothing.

export interface BareOrder {
  readonly weightsBytes: number;
  readonly reporters: number;
}
export type BareSaid =
  | { readonly kind: 'listens'; readonly port: number }
  | { readonly kind: 'ended'; readonly cpuMs: number };

const say = (said: BareSaid): void => void process.send?.(said);

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
let left = 0;
let cpuBefore = process.cpuUsage();

io.on('connection', (socket) => {
  socket.on('report-chunk', (_message: unknown, _bytes: Buffer, ack: (answer: { ok: true }) => void) =>
    ack({ ok: true }),
  );
  socket.on('report-end', (_message: unknown, ack: (answer: { ok: true }) => void) => {
    ack({ ok: true });
    left -= 1;
    if (left > 0) return;
    io.emit('round', { number: 1, outcome: 'committed' });
    const { user, system } = process.cpuUsage(cpuBefore);
    say({ kind: 'ended', cpuMs: (user + system) / 1_000 });
  });
  socket.emit('welcome');
});

process.on('message', ({ weightsBytes, reporters }: BareOrder) => {
  left = reporters;
  cpuBefore = process.cpuUsage();
  io.emit('weights', { version: 0 }, Buffer.alloc(weightsBytes, 1));
});
process.once('disconnect', () => process.exit());
http.listen(0, '127.0.0.1', () => say({ kind: 'listens', port: (http.address() as AddressInfo).port }));
