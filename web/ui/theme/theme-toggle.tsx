import type { JSX } from 'preact';
import { words } from '../i18n/words.ts';
import { Icon } from '../icons.tsx';
import { setTheme, THEMES, theme } from './theme.ts';

/** One button that goes round: as the system, light, dark. Its name says which holds. */
export function ThemeToggle(): JSX.Element {
  const t = words().theme;
  const now = theme.value;
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] ?? 'auto';
  const name = `${t.name}: ${t[now]}`;
  const icon = now === 'auto' ? 'contrast' : now === 'light' ? 'sun' : 'moon';
  return (
    <button type="button" aria-label={name} title={name} onClick={() => setTheme(next)}>
      <Icon name={icon} />
    </button>
  );
}
