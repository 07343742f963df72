import type { ComponentChildren, JSX } from 'preact';

/** A table that may be wider than a phone: it scrolls by itself, also with the keyboard. */
export function WideTable(props: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the keys that scroll
    <section class="wide-table" aria-label={props.name} tabIndex={0}>
      {props.children}
    </section>
  );
}
