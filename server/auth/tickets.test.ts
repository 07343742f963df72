import { expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { secureRng } from '../../shared/rng.ts';
import { createTickets } from './tickets.ts';

function setUp() {
  const clock = { time: 1_000, now: () => clock.time };
  return { clock, tickets: createTickets<string>(clock, secureRng) };
}

test('a ticket works once', () => {
  const { tickets } = setUp();
  const { ticket, expiresAt } = tickets.issue('ann');
  expect(expiresAt).toBe(31_000);
  expect(tickets.redeem('another')).toBe(null);
  expect(tickets.redeem(ticket)).toBe('ann');
  expect(tickets.redeem(ticket)).toBe(null);
});

test('a ticket works for 30 s', () => {
  const { clock, tickets } = setUp();
  const { ticket: used } = tickets.issue('ann');
  const { ticket: late } = tickets.issue('bob');
  clock.time += 29_999;
  expect(tickets.redeem(used)).toBe('ann');
  clock.time += 1;
  expect(tickets.redeem(late)).toBe(null);
});

test('the oldest go when too many wait', () => {
  const { tickets } = setUp();
  const { ticket: first } = tickets.issue('first');
  const { ticket: second } = tickets.issue('second');
  for (let i = 0; i < LIMITS.ticketsCount - 1; i++) tickets.issue('more');
  expect(tickets.redeem(first)).toBe(null);
  expect(tickets.redeem(second)).toBe('second');
});

test('tickets are taken back', () => {
  const { tickets } = setUp();
  const { ticket: ann } = tickets.issue('ann');
  const { ticket: bob } = tickets.issue('bob');
  tickets.revoke((holder) => holder === 'ann');
  expect(tickets.redeem(ann)).toBe(null);
  expect(tickets.redeem(bob)).toBe('bob');
});
