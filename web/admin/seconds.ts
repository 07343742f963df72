import { useEffect, useState } from 'preact/hooks';

/** Milliseconds until a time of the page's own clock, counted down once a second; null where there is none. */
export function useMsLeft(untilMs: number | null): number | null {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    setNow(performance.now());
    if (untilMs === null) return;
    const timer = setInterval(() => setNow(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, [untilMs]);
  return untilMs === null ? null : Math.max(0, untilMs - now);
}
