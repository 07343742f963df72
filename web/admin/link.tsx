import type { ComponentChildren, JSX } from 'preact';
import { addressOf, type Place } from './address.ts';
import { useDashboard } from './shown.ts';

interface LinkProps {
  readonly to: Place;
  readonly class?: string;
  readonly id?: string;
  readonly title?: string;
  readonly role?: 'tab';
  readonly tabIndex?: number;
  readonly 'aria-label'?: string;
  readonly 'aria-selected'?: boolean;
  readonly 'aria-controls'?: string;
  readonly 'aria-current'?: 'page' | 'false';
  readonly onPointerEnter?: () => void;
  readonly onFocus?: () => void;
  readonly children?: ComponentChildren;
}

/** A place of the dashboard: a real address, so that it can be opened in another tab; without a reload in this one. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  const dashboard = useDashboard();
  return (
    <a
      {...rest}
      href={addressOf(to, location.search)}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        dashboard.go(to);
      }}
    >
      {children}
    </a>
  );
}
