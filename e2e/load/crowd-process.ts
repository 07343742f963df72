import { randomBytes } from 'node:crypto';
import { BareMember } from './bare-member.ts';
import type { CrowdOrder, CrowdSight } from './crowd.ts';
import { type Common, Member, type Sight } from './member.ts';
import { Reports, reportOf } from './reports.ts';

// The entry of a process of its own: many contributors beside the server that they load.

const sight: Sight = {
  ...{ joinMs: [], online: 0, available: 0, accepted: 0, refusals: 0, receivedBytes: 0, sentBytes: 0 },
  ...{ heard: new Map(), wrong: [] },
};
const members: (Member | BareMember)[] = [];
const reports = new Reports();
let opening: NodeJS.Timeout | undefined;

/** In even steps, so that what is measured is the server and not a crowd of its own making. */
function join(order: Extract<CrowdOrder, { kind: 'join' }>): void {
  const { target, bare } = order;
  const common: Common = { target, reports, sight, verified: new Map(), draw: Math.random };
  const report = bare === undefined ? undefined : reportOf(randomBytes(bare.reportBytes));
  const startedAt = performance.now();
  let opened = 0;
  opening = setInterval(() => {
    const due = Math.min(order.count, Math.ceil(((performance.now() - startedAt) / 1_000) * order.perSecond));
    for (; opened < due; opened++) {
      const member =
        report === undefined
          ? new Member(common, members.length, randomBytes(16).toString('hex'))
          : new BareMember(target, report, sight);
      members.push(member);
      member.open();
    }
    if (opened === order.count) clearInterval(opening);
  }, 5);
}

function sightNow(): CrowdSight {
  const joins = sight.joinMs.toSorted((a, b) => a - b);
  const at = (share: number): number => joins[Math.min(joins.length - 1, Math.floor(share * joins.length))] ?? 0;
  const { user, system } = process.cpuUsage();
  const { joinMs: _, heard, ...counts } = sight;
  return {
    ...counts,
    heard: Object.fromEntries(heard),
    joins: { count: joins.length, p50Ms: at(0.5), p99Ms: at(0.99), maximumMs: at(1) },
    cpuMs: (user + system) / 1_000,
    rssBytes: process.memoryUsage.rss(),
  };
}

process.on('message', (order: CrowdOrder) => {
  if (order.kind === 'join') join(order);
  else if (order.kind === 'forget-joins') sight.joinMs.length = 0;
  else if (order.kind === 'leave') {
    clearInterval(opening);
    for (const member of members) member.leave();
    process.send?.(sightNow());
  } else process.send?.(sightNow());
});
process.once('disconnect', () => process.exit());
