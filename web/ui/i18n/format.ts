import { type Language, language } from './language.ts';

/** Numbers for people, in the current language. A missing number is an en dash. */

const NBSP = '\u00a0';
export const MISSING = '–';

const numbers = new Map<string, Intl.NumberFormat>();
function formatter(of: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = of + JSON.stringify(options);
  const known = numbers.get(key) ?? new Intl.NumberFormat(of === 'zh' ? 'zh-Hans' : 'en', options);
  numbers.set(key, known);
  return known;
}

/** 199210 → "199,210"; `digits` behind the point, always that many. */
export function formatNumber(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  return formatter(language.value, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** Thousands to two digits: 1200 → "1.2K" / "1200". For the small space inside a picture. */
export function formatCompact(value: number): string {
  return formatter(language.value, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

/** 0.962 → "96.2 %". */
export function formatShare(share: number | null, digits = 1): string {
  if (share === null || !Number.isFinite(share)) return MISSING;
  return `${formatNumber(share * 100, digits)}${NBSP}%`;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** 1400000 → "1.4 MB"; decimal units, as networks count. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return MISSING;
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 999.5 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = step > 0 && Math.abs(value) < 9.95 ? 1 : 0;
  const unit = UNITS[step] ?? 'byte';
  return formatter(language.value, {
    style: 'unit',
    unit,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  })
    .format(value)
    .replace(' ', NBSP);
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
