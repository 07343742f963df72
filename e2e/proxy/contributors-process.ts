import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { TaskId } from '../../shared/ids.ts';
import { seededRng } from '../../shared/rng.ts';
import { Contributors } from '../crash/contributors.ts';

// `contributors-process.ts SERVER TASK COUNT SEED`: contributors in a process of their own, which can be told whose
// certificates it trusts. They take part until its standard input ends; then it prints, for each round, the cells whose
// reports were acknowledged, as JSON.

const [, , server = '', task = '', count = '', seed = ''] = process.argv;
const work = seededRng(Number(seed));
const contributors = new Contributors(server, task as TaskId, Number(count), {
  pass: (_round, _cell, signal) => delay(50 + work.below(400), undefined, { signal }),
});
await contributors.start();
await text(process.stdin);
await contributors.until(() => contributors.clients.every((client) => client.view().round === null), 'all are at rest');
console.log(JSON.stringify([...contributors.acknowledged].map(([round, cells]) => [round, [...cells]])));
await contributors.close();
