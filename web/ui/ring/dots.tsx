import type { JSX } from 'preact';
import { words } from '../i18n/words.ts';
import { DOTS_COUNT, type Dot, dotRadius, type Layout, pointAt } from './geometry.ts';
import { Marker } from './marker.tsx';

interface DotsProps {
  readonly dots: readonly Dot[];
  readonly layout: Layout;
  readonly named: boolean;
}

/** One dot for each contributor; a line to the centre where bytes flow. */
export function Dots({ dots, layout, named }: DotsProps): JSX.Element {
  const radius = dotRadius(layout, dots.length);
  return (
    <g>
      {dots.map((dot) => (
        <Contributor
          key={dot.slot}
          dot={dot}
          layout={layout}
          radius={dot.isYou ? radius * 1.45 : radius}
          named={named}
        />
      ))}
    </g>
  );
}

function Contributor({ dot, layout, radius, named }: { dot: Dot; layout: Layout; radius: number; named: boolean }) {
  const { x, y } = pointAt(dot.angle, layout.ring);
  const flows = dot.state === 'downloading' || dot.state === 'uploading';
  const turn = (dot.angle * 180) / Math.PI + 180;
  return (
    <g class="contributor">
      {flows && <Flow dot={dot} layout={layout} radius={radius} />}
      <g transform={`translate(${x} ${y})`}>
        {dot.isYou && <circle class="you-halo" r={radius * 1.42} />}
        <Marker state={dot.state} radius={radius} share={dot.share} turn={turn} />
      </g>
      {dot.isYou && named && <YouLabel angle={dot.angle} distance={layout.ring + radius * 1.42 + 8} />}
    </g>
  );
}

/** The line between centre and contributor, filled as far as the bytes have come. */
function Flow({ dot, layout, radius }: { dot: Dot; layout: Layout; radius: number }): JSX.Element {
  const inner = pointAt(dot.angle, layout.disc + layout.ring / 28);
  const outer = pointAt(dot.angle, layout.ring - radius * 1.7);
  const [from, to] = dot.state === 'downloading' ? [inner, outer] : [outer, inner];
  const d = `M${from.x} ${from.y}L${to.x} ${to.y}`;
  return (
    <>
      <path class="flow-bed" d={d} />
      <path class={`flow-${dot.state}`} d={d} pathLength={1} stroke-dasharray={`${dot.share} 2`} />
    </>
  );
}

/** Outside its dot; within the ring (`isInside`) on the dot's other side. */
export function YouLabel(props: { angle: number; distance: number; isInside?: boolean }): JSX.Element {
  const { angle, distance, isInside = false } = props;
  const { x, y } = pointAt(angle, distance);
  const side = isInside ? -Math.sin(angle) : Math.sin(angle);
  const anchor = side > 0.35 ? 'start' : side < -0.35 ? 'end' : 'middle';
  return (
    <text class="you" x={x} y={y + 4.5 - 2 * Math.cos(angle)} text-anchor={anchor}>
      {words().ring.you}
    </text>
  );
}

/** The places of the next cohort: those who are there, and those that are still free. */
export function Gathering({
  available,
  goal,
  layout,
}: {
  available: number;
  goal: number;
  layout: Layout;
}): JSX.Element {
  const places = Math.min(DOTS_COUNT, Math.max(1, goal));
  const there = Math.min(places, Math.round((available / Math.max(1, goal)) * places));
  const radius = dotRadius(layout, places);
  return (
    <g>
      {Array.from({ length: places }, (_, place) => {
        const { x, y } = pointAt((2 * Math.PI * place) / places, layout.ring);
        return (
          <g key={`place-${String(place)}`} transform={`translate(${x} ${y})`}>
            {place < there ? <Marker state="waiting" radius={radius} /> : <circle class="free" r={radius * 0.4} />}
          </g>
        );
      })}
    </g>
  );
}

/** Runs once where it appears: the motion is in the style sheet and absent under reduced motion. */
export function ClosingLines({ dots, layout }: { dots: readonly Dot[]; layout: Layout }): JSX.Element {
  return (
    <g class="closing">
      {dots.map((dot) => {
        const outer = pointAt(dot.angle, layout.ring);
        const inner = pointAt(dot.angle, layout.disc);
        return <path key={dot.slot} d={`M${outer.x} ${outer.y}L${inner.x} ${inner.y}`} pathLength={1} />;
      })}
    </g>
  );
}
