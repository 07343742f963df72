import type { ComponentChildren, JSX } from 'preact';
import { LANGUAGES, language, setLanguage } from './i18n/language.ts';
import { words } from './i18n/words.ts';
import { ThemeToggle } from './theme/theme-toggle.tsx';

const NAMES = { en: 'EN', zh: '中文' } as const;
const TAGS = { en: 'en', zh: 'zh-Hans' } as const;

/** The bar on top of every page: the name, whatever the page adds, language and colours. Give `main` the id `main`. */
export function PageHeader({
  home = '/',
  children,
}: {
  readonly home?: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <>
      <a class="button skip-link" href="#main">
        {words().skip}
      </a>
      <header class="page-header">
        <a class="brand" href={home}>
          <Logo />
          Fedtab
        </a>
        {children}
        <LanguageSwitch />
        <ThemeToggle />
      </header>
    </>
  );
}

function LanguageSwitch(): JSX.Element {
  return (
    <fieldset class="language-switch" aria-label={words().language}>
      {LANGUAGES.map((tag) => (
        <button
          key={tag}
          type="button"
          lang={TAGS[tag]}
          aria-pressed={language.value === tag}
          onClick={() => setLanguage(tag)}
        >
          {NAMES[tag]}
        </button>
      ))}
    </fieldset>
  );
}

function Logo(): JSX.Element {
  return (
    <svg viewBox="-12 -12 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <circle r="4" fill="var(--accent)" />
      {[0, 60, 120, 180, 240, 300].map((angle) => (
        <circle key={angle} r="1.7" cy="-9" transform={`rotate(${angle})`} fill="var(--ink-2)" />
      ))}
    </svg>
  );
}
