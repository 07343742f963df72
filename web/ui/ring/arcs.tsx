import type { JSX } from 'preact';
import { formatCompact } from '../i18n/format.ts';
import { YouLabel } from './dots.tsx';
import { type Arc, arcPath, type Layout, pointAt, type You } from './geometry.ts';
import { Marker } from './marker.tsx';

interface ArcsProps {
  readonly arcs: readonly Arc[];
  readonly layout: Layout;
  readonly you: You | null;
  readonly named: boolean;
}

/** A large cohort: one arc for each state, its sign on it and its count beside it. */
export function Arcs({ arcs, layout, you, named }: ArcsProps): JSX.Element {
  const width = layout.ring / 7.5;
  return (
    <g>
      {arcs.map((arc) => {
        const middle = (arc.from + arc.to) / 2;
        const at = pointAt(middle, layout.ring);
        const label = pointAt(middle, layout.ring + width + 9);
        const side = Math.sin(middle);
        return (
          <g key={arc.state}>
            <path class={`arc arc-${arc.state}`} d={arcPath(layout.ring, arc.from, arc.to)} stroke-width={width} />
            {named && (
              <>
                <g transform={`translate(${at.x} ${at.y})`}>
                  <circle class="arc-plate" r={width * 0.72} />
                  <Marker state={arc.state} radius={width * 0.44} turn={(middle * 180) / Math.PI + 180} />
                </g>
                <text
                  class="arc-count"
                  x={label.x}
                  y={label.y + 4.5}
                  text-anchor={side > 0.35 ? 'start' : side < -0.35 ? 'end' : 'middle'}
                >
                  {formatCompact(arc.count)}
                </text>
              </>
            )}
            {you?.state === arc.state && <YouOnArc arc={arc} layout={layout} you={you} named={named} />}
          </g>
        );
      })}
    </g>
  );
}

/** You, inside your arc. */
function YouOnArc({ arc, layout, you, named }: { arc: Arc; layout: Layout; you: You; named: boolean }): JSX.Element {
  const angle = arc.from + (arc.to - arc.from) * 0.2;
  const distance = layout.ring * 0.83;
  const { x, y } = pointAt(angle, distance);
  return (
    <>
      <g transform={`translate(${x} ${y})`}>
        <circle class="you-halo" r={layout.ring / 12} />
        <Marker state={you.state} radius={layout.ring / 17} share={you.share} turn={(angle * 180) / Math.PI + 180} />
      </g>
      {named && <YouLabel angle={angle} distance={distance - layout.ring / 8} isInside />}
    </>
  );
}
