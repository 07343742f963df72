import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { expect, it } from 'vitest';
import { Rig } from '../../server/gateway/fakes/rig.ts';
import { REFUSAL_REASONS } from '../../shared/errors.ts';
import { bytesToHex, sha256Hex } from '../../shared/hash.ts';
import type { AssignmentToken, ClientId, TaskId } from '../../shared/ids.ts';
import { modelOf } from '../../shared/task/model-of.ts';
import { toBytes } from '../../shared/weights/vector.ts';
import { ask, frameOf, report } from './minimal-client.ts';

/** What PROTOCOL.md shows is made here: `FEDTAB_WRITE_PAGES=1` writes it, otherwise it must be there already. */
const root = join(import.meta.dirname, '../..');
const page = join(root, 'shared/protocol/PROTOCOL.md');

function hold(name: string, block: string): void {
  const text = readFileSync(page, 'utf8');
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before = '', rest = ''] = text.split(start);
  const [shown = '', after = ''] = rest.split(end);
  if (process.env['FEDTAB_WRITE_PAGES'] === '1') writeFileSync(page, `${before}${start}\n\n${block}\n\n${end}${after}`);
  else expect(shown.trim()).toBe(block);
}

it('PROTOCOL.md lists the reasons of refusals, all of them and no other', () => {
  const source = readFileSync(join(root, 'shared/errors.ts'), 'utf8');
  const rows = REFUSAL_REASONS.map((reason) => {
    const [, meaning] = source.match(new RegExp(`^ {2}'${reason}', // (.+)$`, 'm')) ?? [];
    return [`\`${reason}\``, meaning ?? 'MISSING'];
  });
  hold('refusals', table([['reason', 'meaning'], ...rows]));
});

it('every rule of PROTOCOL.md stands in the title of a test', async () => {
  const rules = [...readFileSync(page, 'utf8').matchAll(/^- \*\*P(\d+)\*\*/gm)].map(([, number]) => Number(number));
  expect(rules).toEqual(rules.map((_, at) => at + 1));
  const folders = [
    'shared/protocol',
    'shared/codec',
    'shared/wire',
    'shared/weights',
    'server/gateway',
    'server/rounds',
    'e2e/conformance',
    'e2e/sim',
  ];
  const { readdirSync } = await import('node:fs');
  const titles = folders
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
    .filter((path) => path.endsWith('.test.ts'))
    .flatMap((path) => [
      ...readFileSync(path, 'utf8').matchAll(
        /(?:it|test|describe)(?:\.each)?\b[\s\S]{0,400}?['`]([^'`\n]*\bP\d+[^'`\n]*)['`]/g,
      ),
    ])
    .map(([, title]) => title ?? '')
    .join('\n')
    .replace(/P(\d+) to P(\d+)/g, (_, from, to) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => `P${Number(from) + at}`).join(' '),
    );
  expect(rules.filter((rule) => !new RegExp(`\\bP${rule}\\b`).test(titles))).toEqual([]);
});

it('PROTOCOL.md shows one round as it goes over the wire', async () => {
  const task = 'three' as TaskId;
  const secret = '000102030405060708090a0b0c0d0e0f';
  const token = '101112131415161718191a1b1c1d1e1f' as AssignmentToken;
  const zeros = toBytes(new Float32Array(3));
  const base = { version: 0, sha256: sha256Hex(zeros), bytes: zeros.byteLength };
  const rig = await Rig.start();
  const output = { class_name: 'Dense', config: { name: 'output', units: 1, activation: 'softmax' } } as const;
  const flatten = { class_name: 'Flatten', config: { name: 'flatten' } } as const;
  const model = { topology: { input: [1, 2, 1], layers: [flatten, output] }, seed: 1 };
  rig.coordinator.addTask({ id: task, model }, base.sha256);
  const layoutSha256 = modelOf({ model }).layout.sha256;

  const lines: string[] = [];
  const note = (arrow: string, { type, data }: { type: string; data?: unknown }): void => {
    const codes: Record<string, string> = { open: '0', message: '4' };
    if (typeof data === 'string' && !data.startsWith('2["status"'))
      lines.push(`${arrow} ${codes[type]}${shortened(data)}`);
    else if (ArrayBuffer.isView(data))
      for (const row of bytesToHex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).match(/.{1,64}/g) ??
        [])
        lines.push(`${arrow} ${row}`);
  };
  const handshake = { protocol: { min: 1, max: 1 }, secret };
  const socket = io(rig.url, {
    query: { task },
    auth: handshake,
    transports: ['websocket'],
    autoConnect: false,
    forceNew: true,
  });
  const welcome = new Promise<{ clientId: ClientId }>((resolve) => socket.once('welcome', resolve));
  socket.connect();
  socket.io.engine.on('packetCreate', (packet) => note('→', packet));
  socket.io.engine.on('packet', (packet) => note('←', packet));

  const { clientId } = await welcome;
  await ask(socket, 'check-in', { examples: 2, backend: 'other', held: null });
  const delivered = new Promise((resolve) => socket.once('weights', resolve));
  const assignment = rig.coordinator.assign(clientId, token, { base, cohort: 1, delivery: 'broadcast' });
  rig.gateway.downlink.assign(task, clientId, assignment);
  rig.gateway.downlink.weights(task, [clientId], 0, base.sha256, zeros);
  await delivered;
  const frame = frameOf(
    { delta: Float32Array.of(1, -2, 0.5), examples: 2, steps: 1 },
    { parameters: 3, layoutSha256 },
    assignment,
  );
  expect(await report(socket, token, frame)).toMatchObject({ ok: true });
  const ended = new Promise((resolve) => socket.once('round', resolve));
  const sha256 = sha256Hex(toBytes(Float32Array.of(1, -2, 0.5)));
  const end = { number: 1, outcome: 'committed', version: 1, sha256, accepted: 1 } as const;
  rig.gateway.downlink.roundEnded(task, end, new Map([[clientId, { yours: 'accepted' }]]));
  await ended;
  socket.disconnect();
  await rig.close();

  expect(lines.length).toBeGreaterThan(16);
  hold('round', ['```', ...lines, '```'].join('\n'));
});

/** Without what differs each time, and without the long descriptions. */
const shortened = (packet: string): string =>
  packet
    .replace(/"sid":"[^"]+"/, '"sid":"…"')
    .replace(/"participation":\{.*\},"status":\{.*\}\}\]$/, '"participation":{…},"status":{…}}]');

/** As the formatter writes it: columns of one width. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = '', ...body] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}
