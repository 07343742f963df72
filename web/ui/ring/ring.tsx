import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { formatNumber } from '../i18n/format.ts';
import { words } from '../i18n/words.ts';
import { formatMeasure, type Measure } from '../score.ts';
import { Arcs } from './arcs.tsx';
import { ClosingLines, Dots, Gathering } from './dots.tsx';
import { type Dot, LAYOUTS, MEMBER_STATES, type Picture, pictureOf, type RingRound, type You } from './geometry.ts';

export interface RingProps {
  /** `large` on the dashboard, `medium` on the contributor's page, `tiny` (44 px, no text) in the embed. */
  readonly size: 'large' | 'medium' | 'tiny';
  /** The round that runs, as the server's status tells it; null between rounds. */
  readonly round: RingRound | null;
  /** Version and held-out score of the model; null where not known. */
  readonly version: number | null;
  readonly score: Measure | null;
  /** The person who looks on, where they are in the cohort. */
  readonly you?: You | null;
}

/** The global model and, around it, who is moving it right now. A table says the same to those who do not see it. */
export function Ring({ size, round, version, score, you = null }: RingProps): JSX.Element {
  const layout = size === 'tiny' ? LAYOUTS.tiny : LAYOUTS.full;
  const picture = pictureOf(round, you);
  const closing = useClosing(version, picture);
  const { width, height } = layout;
  return (
    <div class={`ring ring-${size}`}>
      <svg viewBox={`${-width / 2} ${-height / 2} ${width} ${height}`} aria-hidden="true" focusable="false">
        <circle class="orbit" r={layout.ring} />
        {picture.kind === 'dots' && <Dots dots={picture.dots} layout={layout} named={size !== 'tiny'} />}
        {picture.kind === 'arcs' && <Arcs arcs={picture.arcs} layout={layout} you={you} named={size !== 'tiny'} />}
        {picture.kind === 'gathering' && (
          <Gathering available={picture.available} goal={picture.goal} layout={layout} />
        )}
        {closing && <ClosingLines key={`closing-${version}`} dots={closing} layout={layout} />}
        <circle class="disc" r={layout.disc} />
        {size !== 'tiny' && <Centre key={version} version={version} score={score} />}
      </svg>
      <RingTable round={round} version={version} score={score} you={you} />
    </div>
  );
}

function Centre({ version, score }: Pick<RingProps, 'version' | 'score'>): JSX.Element {
  const t = words().ring;
  if (version === null) {
    return (
      <text class="centre-large" y="7">
        –
      </text>
    );
  }
  return (
    <g class="centre">
      <text class="centre-large" y={score === null ? '3' : '0'}>
        {score === null ? formatNumber(version) : formatMeasure(score)}
      </text>
      <text class="centre-small" y="21">
        {score === null ? t.versionAlone : t.version(formatNumber(version))}
      </text>
    </g>
  );
}

/** When the version turns over, the lines of those who were done close into the centre once. */
function useClosing(version: number | null, picture: Picture): readonly Dot[] | null {
  const seen = useRef<{ version: number | null; dots: readonly Dot[]; closing: readonly Dot[] | null }>({
    version,
    dots: [],
    closing: null,
  });
  const last = seen.current;
  const hasTurned = last.version !== null && version !== null && version > last.version;
  const closing = hasTurned ? last.dots.filter((dot) => dot.state !== 'dropped') : last.closing;
  seen.current = { version, dots: picture.kind === 'dots' ? picture.dots : hasTurned ? [] : last.dots, closing };
  return closing;
}

function RingTable({ round, version, score, you }: Omit<RingProps, 'size'>): JSX.Element {
  const t = words();
  const model = version === null ? [] : [t.ring.version(formatNumber(version))];
  if (version !== null && score !== null) {
    const says = score.accuracy === undefined ? t.ring.error : t.ring.accuracy;
    model.push(says(formatMeasure(score)));
  }
  const about = round === null ? [t.ring.noRound] : [t.ring.round(formatNumber(round.number))];
  if (round?.phase === 'selecting') {
    about.push(t.ring.gathering(formatNumber(round.available), formatNumber(round.goal)));
  }
  if (round && you) about.push(t.ring.yours(t.members[you.state]));
  return (
    <div class="visually-hidden">
      <table>
        <caption>{[...about, ...model].join(', ')}</caption>
        <thead>
          <tr>
            <th scope="col">{t.ring.state}</th>
            <th scope="col">{t.ring.contributorsHead}</th>
          </tr>
        </thead>
        <tbody>
          {MEMBER_STATES.map((state) => (
            <tr key={state}>
              <th scope="row">{t.members[state]}</th>
              <td>{formatNumber(round?.counts[state] ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
