import { describe, expect, it } from 'vitest';
import { TEMPLATES } from '../../../shared/task/templates/index.ts';
import type { Round } from '../answers.ts';
import { contributePage, embedSnippet } from './invitation.tsx';
import { roundSentence } from './round-sentence.ts';

const round = (over: Partial<Round>): Round => ({
  number: 20,
  outcome: 'abandoned',
  baseVersion: 19,
  selected: 3,
  accepted: 1,
  rejected: {},
  late: 0,
  surplus: 0,
  dropped: 2,
  uplinkBytes: 0,
  downlinkBytes: 0,
  startedAt: '2026-01-02T10:00:00.000Z',
  endedAt: '2026-01-02T10:00:07.400Z',
  metrics: null,
  ...over,
});

describe('the sentence of a round', () => {
  it.each([
    [{ outcome: null }, 'Round 20 is running.'],
    [{ outcome: 'committed', version: 20, accepted: 3 }, 'Round 20 made version 20 from 3 of 3 contributors in 7.4 s.'],
    [
      { outcome: 'committed', purpose: 'evaluate', accepted: 3 },
      'Round 20 scored version 19 on the devices of 3 contributors in 7.4 s.',
    ],
    [{ reason: 'too-few' }, 'Round 20 was abandoned: 1 of at least 2 contributors reported before the deadline.'],
    [
      { reason: 'too-few', selected: 0, accepted: 0 },
      'Round 20 was abandoned: fewer than 2 contributors were there in time.',
    ],
    [
      { reason: 'everyone-left' },
      'Round 20 was abandoned: nobody was left to report, and 1 of at least 2 reports were in.',
    ],
    [{ reason: 'stopped' }, 'Round 20 was stopped by an admin.'],
    [{ reason: 'failed' }, 'Round 20 could not be finished by the server. Its log says why.'],
  ] as const)('%j', (over, sentence) => {
    const said = roundSentence(round(over), TEMPLATES.digits);
    expect(said.replaceAll('\u00a0', ' ')).toBe(sentence);
  });
});

describe('an invitation', () => {
  it('has the join token in the fragment, which no log sees', () => {
    const open = TEMPLATES.digits;
    expect(contributePage(open, 'https://fed.example')).toBe('https://fed.example/contribute/digits');
    const closed = { ...open, access: { allowedOrigins: [], joinToken: 'a b&c#d' } };
    const address = new URL(contributePage(closed, 'https://fed.example'));
    expect(address.pathname + address.search).toBe('/contribute/digits');
    expect(new URLSearchParams(address.hash.slice(1)).get('join')).toBe('a b&c#d');
  });
  it('is one line for a site', () => {
    expect(embedSnippet('digits', 'https://fed.example')).toBe(
      '<script src="https://fed.example/embed.js" data-task="digits" async></script>',
    );
  });
});
