import type { JSX } from 'preact';
import { Icon, showToast } from '../ui/index.ts';
import { adminWords } from './words/index.ts';

/** Text to take away, with a button that copies it. On plain http browsers have no clipboard: then it is selected. */
export function CopiedText({ name, text }: { readonly name: string; readonly text: string }): JSX.Element {
  const t = adminWords().embed;
  async function copy(event: MouseEvent): Promise<void> {
    const code = (event.currentTarget as HTMLElement).parentElement?.querySelector('code');
    try {
      await navigator.clipboard.writeText(text);
      showToast(t.copied);
    } catch {
      if (code) getSelection()?.selectAllChildren(code);
      showToast(t.notCopied);
    }
  }
  return (
    <div class="copied-text">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls, also with the keyboard */}
      <code tabIndex={0}>{text}</code>
      <button type="button" aria-label={`${t.copy}: ${name}`} onClick={copy}>
        <Icon name="copy" size={18} />
        {t.copy}
      </button>
    </div>
  );
}
