import type { JSX } from 'preact';
import type { MemberState } from './ring/geometry.ts';

export interface Bar {
  readonly name: string;
  /** 0 to 1 of the full width. */
  readonly share: number;
  /** What stands behind the bar, unit included. */
  readonly value: string;
  readonly tone?: 'accent' | 'grey' | MemberState;
  readonly isStrong?: boolean;
}

/** Named bars under each other: class scores, a funnel. Real text, so it reads as a list without the picture. */
export function Bars({ bars, caption }: { readonly bars: readonly Bar[]; readonly caption: string }): JSX.Element {
  return (
    <ul class="bars" aria-label={caption}>
      {bars.map((bar) => (
        <li key={bar.name} class={bar.isStrong ? 'strong' : ''}>
          <span>{bar.name}</span>
          <span class="bar-bed" aria-hidden="true">
            <span
              class={`bar tone-${bar.tone ?? 'accent'}`}
              style={{ width: `${Math.min(1, Math.max(0, bar.share)) * 100}%` }}
            />
          </span>
          <span class="bar-value">{bar.value}</span>
        </li>
      ))}
    </ul>
  );
}
