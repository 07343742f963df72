import { computed, signal } from '@preact/signals';

export const THEMES = ['auto', 'light', 'dark'] as const;
/** What a person chose; `auto` follows the system. */
export type Theme = (typeof THEMES)[number];

const STORED = 'fedtab-theme';
const isTheme = (value: unknown): value is Theme => THEMES.includes(value as Theme);

export const theme = signal<Theme>('auto');
const systemIsDark = signal(false);
/** What is on the screen: for what is drawn on a canvas and has to be drawn again. */
export const shownTheme = computed(() =>
  theme.value === 'auto' ? (systemIsDark.value ? 'dark' : 'light') : theme.value,
);

/** At the start of a page: takes the choice of an earlier visit and follows the system from here on. */
export function startTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  systemIsDark.value = system.matches;
  system.addEventListener('change', (event) => {
    systemIsDark.value = event.matches;
  });
  let kept: unknown = null;
  try {
    kept = localStorage.getItem(STORED);
  } catch {}
  apply(isTheme(kept) ? kept : 'auto');
}

export function setTheme(chosen: Theme): void {
  apply(chosen);
  try {
    localStorage.setItem(STORED, chosen);
  } catch {}
}

function apply(chosen: Theme): void {
  theme.value = chosen;
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}
