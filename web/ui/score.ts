import type { Score } from '../../shared/protocol/messages.ts';
import { formatNumber, formatShare, MISSING } from './i18n/format.ts';

/** The one figure that a model is known by: the share of right answers, or how far off it is on average. */
export type Measure = Pick<Score, 'accuracy' | 'absoluteError'>;

/** For a chart; null where there is no score. */
export const measured = (measure: Measure | null): number | null => measure?.accuracy ?? measure?.absoluteError ?? null;

/** "96.2 %", or "±3.1" in the unit of the target. */
export function formatMeasure(measure: Measure | null): string {
  if (measure?.accuracy !== undefined) return formatShare(measure.accuracy);
  return measure?.absoluteError === undefined ? MISSING : formatError(measure.absoluteError);
}

/** About three digits, whatever the unit. */
export const formatError = (error: number): string => {
  const digits = error >= 100 || error === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(error))));
  return `±${formatNumber(error, digits)}`;
};
