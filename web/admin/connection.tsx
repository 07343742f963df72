import type { JSX } from 'preact';
import { formatWait } from '../ui/index.ts';
import { useMsLeft } from './seconds.ts';
import { useDashboard } from './shown.ts';
import { adminWords } from './words/index.ts';

/** In the header: does what is on the screen move with the server? */
export function ConnectionState(): JSX.Element {
  const t = adminWords().frame;
  const { kind } = useDashboard().connection.value;
  return (
    <span class={`connection connection-${kind}`} role="status">
      <span class="sign" aria-hidden="true" />
      <span class="connection-name">{t[kind]}</span>
    </span>
  );
}

/** Over the page while it is not. The first connect of a visit is no loss. */
export function ConnectionLost({ wasLive }: { readonly wasLive: boolean }): JSX.Element | null {
  const dashboard = useDashboard();
  const t = adminWords().frame;
  const connection = dashboard.connection.value;
  const leftMs = useMsLeft(connection.kind === 'away' ? connection.retryAtMs : null);
  if (connection.kind === 'live' || (connection.kind === 'connecting' && !wasLive)) return null;
  return (
    <aside class="notice problem lost" aria-label={t.away}>
      <p>{leftMs === null ? t.connectingLong : t.awayLong(formatWait(leftMs))}</p>
      <button type="button" disabled={connection.kind !== 'away'} onClick={dashboard.tryNow}>
        {t.tryNow}
      </button>
    </aside>
  );
}
