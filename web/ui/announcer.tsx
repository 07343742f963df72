import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** A polite live region that speaks at most once a second, and then says the newest. */
export function Announcer({ text }: { readonly text: string }): JSX.Element {
  const [spoken, setSpoken] = useState('');
  const lastAtMs = useRef(0);
  useEffect(() => {
    const waitMs = Math.max(0, lastAtMs.current + 1_000 - performance.now());
    const timer = setTimeout(() => {
      lastAtMs.current = performance.now();
      setSpoken(text);
    }, waitMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {spoken}
    </p>
  );
}
