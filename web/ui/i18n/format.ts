import { type Language, language } from './language.ts';

/**
 * Numbers for people, in the current language. A missing number is an en dash. Written by hand: the browser's first
 * `Intl.NumberFormat` holds up the start of the page for a tenth of a second, and both languages group by commas.
 */

const NBSP = '\u00a0';
export const MISSING = '–';

/** 199210 → "199,210"; `digits` behind the point, always that many. */
export function formatNumber(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  const [whole = '', ...rest] = value.toFixed(digits).split('.');
  return [whole.replace(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.');
}

/** Up to one digit behind the point: 1 → "1", 1.23 → "1.2". */
const short = (value: number): string => String(Number(value.toFixed(1)));

const COMPACT: Readonly<Record<Language, readonly (readonly [number, string])[]>> = {
  en: [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ],
  zh: [
    [1e12, '万亿'],
    [1e8, '亿'],
    [1e4, '万'],
  ],
};

/** Thousands to two digits: 1200 → "1.2K" / "1200". For the small space inside a picture. */
export function formatCompact(value: number): string {
  // What is rounded up to the next step is written with it.
  const step = COMPACT[language.value].find(([size]) => Math.abs(value) >= size * 0.999_95);
  return step === undefined ? short(value) : short(value / step[0]) + step[1];
}

/** 0.962 → "96.2 %". */
export function formatShare(share: number | null, digits = 1): string {
  if (share === null || !Number.isFinite(share)) return MISSING;
  return `${formatNumber(share * 100, digits)}${NBSP}%`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** 1400000 → "1.4 MB"; decimal units, as networks count. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return MISSING;
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 999.5 && step < UNITS.length) {
    value /= 1000;
    step += 1;
  }
  const unit = UNITS[step - 1];
  if (unit !== undefined) return `${Math.abs(value) < 9.95 ? short(value) : formatNumber(value)}${NBSP}${unit}`;
  const whole = formatNumber(value);
  return language.value === 'zh' ? `${whole}字节` : `${whole}${NBSP}${whole === '1' ? 'byte' : 'bytes'}`;
}

/** 1100 → "1.1 s"; 90000 → "90 s"; 150000 → "3 min". */
export function formatDuration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return MISSING;
  const chinese = language.value === 'zh';
  const seconds = ms / 1000;
  if (seconds < 99.5) return `${formatNumber(seconds, seconds < 9.95 ? 1 : 0)}${NBSP}${chinese ? '秒' : 's'}`;
  const minutes = seconds / 60;
  if (minutes < 99.5) return `${formatNumber(minutes)}${NBSP}${chinese ? '分钟' : 'min'}`;
  return `${formatNumber(minutes / 60)}${NBSP}${chinese ? '小时' : 'h'}`;
}

/** Rounded up to whole seconds, for a wait: 4200 → "5 s". */
export function formatWait(ms: number): string {
  return formatDuration(Math.max(1, Math.ceil(ms / 1000)) * 1000).replace('.0', '');
}

/** An ISO time of today as hours and minutes, of another day with the date. */
export function formatTime(iso: string | number | null, now = Date.now()): string {
  if (iso === null) return MISSING;
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return MISSING;
  const isToday = time.toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(language.value === 'zh' ? 'zh-Hans' : 'en', {
    ...(isToday ? {} : { dateStyle: 'medium' }),
    timeStyle: 'short',
  }).format(time);
}
