import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COURTESY, type Courtesy } from '../../shared/task/spec.ts';
import { type CourtesyChoices, causesOf, type DeviceFacts, NOTHING_USED, shareOf } from './courtesy.ts';
import { dayOf, isChoices, parseNotes } from './courtesy-notes.ts';

const calm: DeviceFacts = { battery: null, savesData: false, isMetered: false, isHidden: false };
const unplugged = (level: number): DeviceFacts => ({ ...calm, battery: { level, isCharging: false } });
const charging = (level: number): DeviceFacts => ({ ...calm, battery: { level, isCharging: true } });
const causes = (
  facts: DeviceFacts,
  choices: CourtesyChoices = {},
  used = NOTHING_USED,
  policy: Courtesy = COURTESY,
) => [...causesOf(policy, choices, facts, used)];

describe('a device rests', () => {
  it.each<[string, DeviceFacts, CourtesyChoices, string[]]>([
    ['nothing is told', calm, {}, []],
    ['21 % unplugged', unplugged(0.21), {}, []],
    ['20 % unplugged', unplugged(0.2), {}, ['battery-low']],
    ['5 % on the charger', charging(0.05), {}, []],
    ['5 %, told never to mind', unplugged(0.05), { minimumBattery: 0 }, []],
    ['full, told to charge first', unplugged(1), { minimumBattery: 1 }, ['on-battery']],
    ['full and charging', charging(1), { minimumBattery: 1 }, []],
    ['a browser that saves data', { ...calm, savesData: true }, {}, ['data-saver']],
    ['a mobile network', { ...calm, isMetered: true }, {}, ['metered']],
    ['both, told not to mind', { ...calm, savesData: true, isMetered: true }, { meteredData: 'use' }, []],
    ['in the background', { ...calm, isHidden: true }, {}, []],
    ['in the background, told to pause', { ...calm, isHidden: true }, { hidden: 'pause' }, ['hidden']],
  ])('%s', (_, facts, choices, expected) => expect(causes(facts, choices)).toEqual(expected));

  it('when the day’s minutes or megabytes are used up, and not before', () => {
    const choices = { minutesADay: 2, megabytesADay: 3 };
    expect(causes(calm, choices, { trainingMs: 119_999, bytes: 2_999_999 })).toEqual([]);
    expect(causes(calm, choices, { trainingMs: 120_000, bytes: 3_000_000 })).toEqual(['day-data', 'day-time']);
    expect(causes(calm, { minutesADay: 0 })).toEqual(['day-time']);
    expect(causes(calm, {}, { trainingMs: 1e12, bytes: 1e15 })).toEqual([]);
  });

  it('as the task asks, and the person’s choice comes before the task’s', () => {
    const strict: Courtesy = { minimumBattery: 1, meteredData: 'use', hidden: 'pause', share: 0.1 };
    const facts = { ...unplugged(1), isHidden: true, savesData: true };
    expect(causes(facts, {}, NOTHING_USED, strict)).toEqual(['on-battery', 'hidden']);
    expect(causes(facts, { minimumBattery: 0, hidden: 'train' }, NOTHING_USED, strict)).toEqual([]);
    expect([shareOf(strict, {}, calm), shareOf(strict, { share: 1 }, calm)]).toEqual([0.1, 1]);
  });

  it('half as much again on the battery, whatever the share', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (share, level) => {
          expect(shareOf(COURTESY, { share }, unplugged(level))).toBeCloseTo(share / 2);
          expect(shareOf(COURTESY, { share }, charging(level))).toBe(share);
        },
      ),
    );
    expect(shareOf(COURTESY, {}, unplugged(0.9))).toBe(0.25);
  });
});

describe('notes', () => {
  const kept = { choices: { hidden: 'pause', minutesADay: 30 }, day: '2026-11-28', used: { trainingMs: 5, bytes: 6 } };

  it('of today are as they were; of another day nothing is used, and the choices stay', () => {
    expect(parseNotes(JSON.stringify(kept), '2026-11-28')).toEqual(kept);
    expect(parseNotes(JSON.stringify(kept), '2026-11-29')).toEqual({ ...kept, day: '2026-11-29', used: NOTHING_USED });
  });

  it.each([
    null,
    '',
    '{',
    '7',
    JSON.stringify({ ...kept, used: { trainingMs: -1, bytes: 0 } }),
    JSON.stringify({ ...kept, choices: { share: 7 } }),
    JSON.stringify({ ...kept, choices: { __proto__: null, unknown: 1 } }),
  ])('that are %j say nothing', (text) => {
    expect(parseNotes(text, '2026-11-28')).toEqual({ choices: {}, day: '2026-11-28', used: NOTHING_USED });
  });

  it('begin a day at the person’s own midnight', () => {
    const midnight = new Date(2026, 0, 9).getTime();
    expect([dayOf(midnight - 1), dayOf(midnight)]).toEqual(['2026-01-08', '2026-01-09']);
  });

  it('a site’s choices are looked at too', () => {
    expect([{}, { share: 0.25, hidden: 'pause' }].every(isChoices)).toBe(true);
    expect([null, { share: 2 }, { hidden: true }, { shares: 1 }].some(isChoices)).toBe(false);
  });
});
