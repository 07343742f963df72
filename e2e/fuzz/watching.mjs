// Runs in a server's process, before the server (`node --import`). It writes a line `handled {…}` for whatever kept the main
// thread at work for long: `{ kind, what, messages, ms }`.
//
// A `handler` is what one message alone set off at once: a message of a socket, what listens to its event, a request, its body.
// A `stretch` is one callback of the event loop with all that it sets off before the next, and the number of messages that came
// in it. One without any goes on with what a message set off before an `await`, and has its name, or is nobody's.
//
// The time is the main thread's own on a processor, which Linux counts: what others do on the machine is no part of it. Linux
// writes it down each tick, so that it is known to 4 ms where there are 250 in a second.
//
// A collection of all garbage falls into whatever runs just then, and cleans up after everybody: its share is taken off, by the
// part of the time that it took. A collection of young garbage stays, since whoever makes much of it asks for it.
import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { openSync, readSync } from 'node:fs';
import { IncomingMessage, Server } from 'node:http';
import { constants, PerformanceObserver, performance } from 'node:perf_hooks';

/** What took less is not told. */
const NOTED_MS = 20;
const TICK_MS = 5;
/** A reading of the processor time is good for so long: it takes longer than most messages do. */
const READING_MS = 1;
/** Collections that are remembered: all since the tick before the last one, by far. */
const COLLECTIONS = 100;

const schedstat = openSync('/proc/self/schedstat', 'r');
const text = Buffer.alloc(64);
const readWorkedMs = () =>
  Number(text.latin1Slice(0, readSync(schedstat, text, 0, text.length, 0)).split(' ')[0]) / 1e6;

let reading = { atMs: performance.now(), workedMs: readWorkedMs() };

/** Where the clock and the processor time stand. */
function standing() {
  const atMs = performance.now();
  if (atMs - reading.atMs > READING_MS) reading = { atMs, workedMs: readWorkedMs() };
  return { atMs, workedMs: reading.workedMs };
}

let noted = [];
let notedBefore = [];

function note(kind, from, what, messages) {
  const wallMs = performance.now() - from.atMs;
  // No thread is longer on a processor than the time that passes.
  if (wallMs < NOTED_MS) return;
  const workedMs = readWorkedMs() - from.workedMs;
  if (workedMs < NOTED_MS) return;
  noted.push({ kind, from: from.atMs, wallMs, workedMs, messages, what });
}

const collections = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration, detail } of list.getEntries())
    if (detail.kind !== constants.NODE_PERFORMANCE_GC_MINOR)
      collections.push({ from: startTime, to: startTime + duration });
  collections.splice(0, Math.max(0, collections.length - COLLECTIONS));
}).observe({ entryTypes: ['gc'] });

const collectedMs = ({ from, wallMs }) =>
  collections.reduce((sum, one) => sum + Math.max(0, Math.min(one.to, from + wallMs) - Math.max(one.from, from)), 0);

/** Collections are told of a turn later than they are over: what was noted waits for a whole turn. */
function tell() {
  for (const one of notedBefore) {
    const ms = one.workedMs * Math.max(0, 1 - collectedMs(one) / one.wallMs);
    const { kind, what, messages } = one;
    if (ms >= NOTED_MS) console.error(`handled ${JSON.stringify({ kind, what, messages, ms: Math.round(ms) })}`);
  }
  notedBefore = noted;
  noted = [];
}

/** `of`: the message that came last. A request and its body are one. `after`: the message that was first gone on with. */
const newStretch = () => ({ from: standing(), what: null, of: null, after: null, messages: 0 });
let stretch = newStretch();

function beginStretch() {
  const { from, what, after, messages } = stretch;
  note('stretch', from, what ?? (after && `after ${after}`), messages);
  stretch = newStretch();
}

/** What is going on now is of the message whose name is kept here; it may be for long, and keeps nothing else. */
const messageOf = new AsyncLocalStorage();

/** Promises, ticks and microtasks go on within a callback; each other resource has one of its own. */
const isWithin = (resource) =>
  resource instanceof Promise ||
  resource instanceof AsyncResource ||
  Object.getPrototypeOf(resource) === Object.prototype;

createHook({
  before() {
    if (!isWithin(executionAsyncResource())) beginStretch();
    stretch.after ??= messageOf.getStore() ?? null;
  },
}).enable();

// It also ends a stretch that nothing follows.
setInterval(tell, TICK_MS).unref();

/** The first text in quotes is the event's name; where there is none, the packet has no sense, or is an attachment. */
const eventIn = (packet) => /"([^"]{1,60})"/.exec(packet.toString('latin1', 0, 100))?.[1] ?? 'without a name';
const pathOf = ({ method, url = '' }) => `${method} ${url.split('?')[0].slice(0, 100)}`;

/** What an event is of a message, if it is: of which that was not met before, and what it is called. */
function partOf(emitter, event, value) {
  if (event === 'message' && emitter.constructor.name === 'WebSocket')
    return { of: value, what: `message ${eventIn(value)}` };
  if ((event === 'request' || event === 'upgrade') && emitter instanceof Server)
    return { of: value, what: `${event} ${pathOf(value)}` };
  if ((event === 'data' || event === 'end') && emitter instanceof IncomingMessage)
    return { of: emitter, what: `body of ${pathOf(emitter)}` };
  if (emitter.nsp !== undefined && emitter.handshake !== undefined) return { what: `event ${String(event)}` };
  return null;
}

const { emit } = EventEmitter.prototype;
const applied = (emitter, args) => emit.apply(emitter, args);

EventEmitter.prototype.emit = function (event, value) {
  const part = partOf(this, event, value);
  // biome-ignore lint/complexity/noArguments: it stands before each event of the process, and makes no array of it.
  if (part === null) return emit.apply(this, arguments);
  if (part.of !== undefined && part.of !== stretch.of) {
    stretch.of = part.of;
    stretch.messages += 1;
    stretch.what ??= part.what;
  }
  const from = standing();
  try {
    // biome-ignore lint/complexity/noArguments: as above
    return part.of === undefined ? emit.apply(this, arguments) : messageOf.run(part.what, applied, this, arguments);
  } finally {
    note('handler', from, part.what, 1);
  }
};

// Nobody listens any more: whoever fuzzes is gone.
process.stderr.on('error', () => process.exit(1));
