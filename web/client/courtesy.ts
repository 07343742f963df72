import type { Courtesy } from '../../shared/task/spec.ts';

/** When this device rests and how hard it works, from what the task asks for, what its person chose, and how things are. */

/** Why it rests, besides its person's own "Pause"; `data-reason` on the page. In the order in which they are told. */
export const COURTESY_CAUSES = [
  'battery-low', // on the battery, at or below the limit
  'on-battery', // on the battery at all, where the limit is its whole charge
  'data-saver', // the browser is asked to save data
  'metered', // a connection that is paid for by the amount
  'day-data', // the megabytes that the person gives a day are used up
  'day-time', // so are the minutes
  'hidden', // the tab is in the background
] as const;
export type CourtesyCause = (typeof COURTESY_CAUSES)[number];

/** What a person chose instead of what the task asks for, and what only a person can choose. */
export interface CourtesyChoices extends Partial<Courtesy> {
  /** Of training. */
  readonly minutesADay?: number;
  /** Sent and received. */
  readonly megabytesADay?: number;
}

/** What the browser tells. Where it tells nothing: no battery, no saving, not metered. */
export interface DeviceFacts {
  readonly battery: { readonly level: number; readonly isCharging: boolean } | null;
  readonly savesData: boolean;
  readonly isMetered: boolean;
  readonly isHidden: boolean;
}

export interface UsedToday {
  readonly trainingMs: number;
  readonly bytes: number;
}
export const NOTHING_USED: UsedToday = { trainingMs: 0, bytes: 0 };

/** The two that wait for the end of a part in a round: work that is all but done is not thrown away. */
export const isCap = (cause: CourtesyCause): boolean => cause === 'day-data' || cause === 'day-time';

const MINUTE_MS = 60_000;
const MEGABYTE = 1_000_000;

/** Every cause that holds now. */
export function causesOf(
  policy: Courtesy,
  choices: CourtesyChoices,
  { battery, savesData, isMetered, isHidden }: DeviceFacts,
  used: UsedToday,
): ReadonlySet<CourtesyCause> {
  const { minimumBattery, meteredData, hidden } = { ...policy, ...choices };
  const { minutesADay = Number.POSITIVE_INFINITY, megabytesADay = Number.POSITIVE_INFINITY } = choices;
  const isSparing = meteredData === 'pause';
  const isLow = battery !== null && !battery.isCharging && minimumBattery > 0 && battery.level <= minimumBattery;
  const holds: Readonly<Record<CourtesyCause, boolean>> = {
    'battery-low': isLow && minimumBattery < 1,
    'on-battery': isLow && minimumBattery === 1,
    'data-saver': isSparing && savesData,
    metered: isSparing && isMetered,
    'day-data': used.bytes >= megabytesADay * MEGABYTE,
    'day-time': used.trainingMs >= minutesADay * MINUTE_MS,
    hidden: hidden === 'pause' && isHidden,
  };
  return new Set(COURTESY_CAUSES.filter((cause) => holds[cause]));
}

/** The share of the time that may be spent training: on the battery half of it. */
export function shareOf(policy: Courtesy, choices: CourtesyChoices, { battery }: DeviceFacts): number {
  const share = choices.share ?? policy.share;
  return battery !== null && !battery.isCharging ? share / 2 : share;
}
