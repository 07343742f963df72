import { afterEach, describe, expect, it } from 'vitest';
import { PARTICIPATION_STATES } from '../../client/view.ts';
import { en, type Words } from './en.ts';
import { formatBytes, formatDuration, formatNumber, formatShare, formatTime, formatWait } from './format.ts';
import { chooseLanguage, language } from './language.ts';
import { reasonSentence, stateSentence } from './sentence.ts';
import { zh } from './zh.ts';

const english: Words = en;
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
const view = {
  state: 'idle',
  reason: null,
  round: 38,
  version: 37,
  examples: 120,
  retryInMs: null,
  notes: [],
} as const;

afterEach(() => {
  language.value = 'en';
});

describe('numbers for people', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [94_000, '94 kB'],
    [199_210, '199 kB'],
    [796_840, '797 kB'],
    [999_600, '1 MB'],
    [1_400_000, '1.4 MB'],
    [412_000_000, '412 MB'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('%s bytes', (bytes, written) => expect(plain(formatBytes(bytes))).toBe(written));

  it.each([
    [0, '0.0 s'],
    [1_100, '1.1 s'],
    [41_000, '41 s'],
    [150_000, '3 min'],
    [7_200_000, '2 h'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%s ms', (ms, written) => expect(plain(formatDuration(ms))).toBe(written));

  it('groups thousands, writes shares with one digit and waits in whole seconds', () => {
    expect(formatNumber(199_210)).toBe('199,210');
    expect(plain(formatShare(0.962))).toBe('96.2 %');
    expect(plain(formatWait(4_200))).toBe('5 s');
    expect(plain(formatWait(0))).toBe('1 s');
  });

  it('answers in the current language', () => {
    language.value = 'zh';
    expect(plain(formatDuration(1_100))).toBe('1.1 秒');
    expect(plain(formatBytes(512))).toBe('512字节');
  });

  it('writes the time of today without the date', () => {
    const now = new Date(2026, 2, 5, 18, 0).getTime();
    expect(formatTime(new Date(2026, 2, 5, 9, 30).toISOString(), now)).toMatch(/^9:30\sAM$/);
    expect(formatTime(new Date(2026, 2, 4, 9, 30).toISOString(), now)).toContain('Mar 4, 2026');
    expect(formatTime('never', now)).toBe('–');
  });
});

describe('the language', () => {
  it.each([
    ['zh', 'en', ['en-US'], 'zh'],
    [null, 'zh', ['en-US'], 'zh'],
    [null, null, ['fr-FR', 'zh-TW', 'en'], 'zh'],
    ['ZH-Hans', null, [], 'zh'],
    ['xx', null, ['fr'], 'en'],
  ])('asked %s, kept %s, preferred %j: %s', (asked, kept, preferred, chosen) => {
    expect(chooseLanguage(asked, kept, preferred)).toBe(chosen);
  });
});

describe('sentences', () => {
  it('has exactly the states of the engine', () => {
    expect(Object.keys(en.states)).toEqual([...PARTICIPATION_STATES]);
  });

  it('has one for every state in both languages, whether the facts are known or not', () => {
    const unknown = { version: null, bytes: null, count: null, time: null, reason: null };
    const known = { version: '37', bytes: '1 MB', count: '120', time: '5 s', reason: 'too-few' };
    for (const state of PARTICIPATION_STATES) {
      for (const facts of [unknown, known]) {
        expect(english.states[state](facts)).toMatch(/^[A-Z].*\.$/);
        expect(zh.states[state](facts)).toMatch(/。$/);
        expect(`${english.states[state](facts)} ${zh.states[state](facts)}`).not.toMatch(/null|undefined|!|！/);
      }
    }
  });

  it('fills in what is known', () => {
    expect(stateSentence({ ...view, state: 'training' }, null)).toBe(
      'Training on your 120 examples, here on this device.',
    );
    expect(stateSentence({ ...view, state: 'training', examples: 1 }, null)).toBe(
      'Training on your 1 example, here on this device.',
    );
    expect(plain(stateSentence({ ...view, state: 'downloading' }, 796_840))).toBe('Getting model version 37 (797 kB).');
    expect(plain(stateSentence({ ...view, state: 'server-away', retryInMs: 3_000 }, null))).toBe(
      'The server cannot be reached. Trying again in 3 s.',
    );
  });

  it('says that changes count only once the round has made its version', () => {
    const note = { round: 38, reason: null, sentBytes: 1, cohort: 3, receipt: null } as const;
    expect(stateSentence({ ...view, state: 'accepted' }, null)).toBe(
      'Your changes have arrived. They count when the round ends.',
    );
    expect(
      stateSentence({ ...view, state: 'accepted', notes: [{ ...note, outcome: 'counted', version: 38 }] }, null),
    ).toBe('Your changes count in version 38. Thank you.');
  });

  it('says in an evaluation round that counts leave and nothing is trained', () => {
    const say = (state: (typeof PARTICIPATION_STATES)[number]) =>
      stateSentence({ ...view, state, purpose: 'evaluate' }, 796_840);
    expect(say('training')).toBe(
      'Scoring the model on the fifth of your examples that is never trained on, here on this device.',
    );
    expect(say('uploading')).toBe('Sending 25 counts, such as how many answers were right: never which ones.');
    expect(say('paused')).toBe(stateSentence({ ...view, state: 'paused' }, null));
    const known = { version: '37', bytes: null, count: null, time: null, reason: null };
    for (const state of Object.keys(english.evaluation) as (keyof typeof english.evaluation)[])
      expect(`${english.evaluation[state](known)} ${zh.evaluation[state](known)}`).toMatch(/^[A-Z].*\. .*。$/);
  });

  it('tells who ended an abandoned round', () => {
    const sentence = (reason: string) => stateSentence({ ...view, state: 'abandoned', reason }, null);
    expect(sentence('too-few')).toMatch(/without enough contributors/);
    expect(sentence('stopped')).toMatch(/organiser stopped/);
  });

  it('knows every reason of the closed lists and no other', () => {
    expect(reasonSentence('norm')).toBe('The changes were larger than this task allows.');
    expect(reasonSentence('toString')).toBeNull();
    expect(reasonSentence(null)).toBeNull();
  });
});
