import type { JSX } from 'preact';
import { formatNumber } from '../i18n/format.ts';
import { words } from '../i18n/words.ts';
import { MEMBER_STATES, type RingRound } from './geometry.ts';
import { Marker } from './marker.tsx';

/** The signs of the ring with their names and, where a round runs, how many are in each. For the eye: the ring has a table. */
export function RingLegend({ round }: { readonly round: RingRound | null }): JSX.Element {
  const t = words();
  return (
    <ul class="ring-legend" aria-hidden="true">
      {MEMBER_STATES.map((state) => (
        <li key={state} class={round && round.counts[state] === 0 ? 'none' : ''}>
          <svg viewBox="-9 -9 18 18" aria-hidden="true">
            <Marker state={state} radius={6.5} turn={0} />
          </svg>
          {t.members[state]}
          {round && <b>{formatNumber(round.counts[state])}</b>}
        </li>
      ))}
    </ul>
  );
}
