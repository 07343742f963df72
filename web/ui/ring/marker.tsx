import type { JSX } from 'preact';
import type { MemberState } from './geometry.ts';

export interface MarkerProps {
  readonly state: MemberState;
  /** Radius in the units of the surrounding view box. */
  readonly radius: number;
  /** 0 to 1: how far the training clock is filled. */
  readonly share?: number;
  /** Degrees by which the arrows of download and upload are turned; 0 points up. */
  readonly turn?: number;
}

/** The sign of a contributor's state around (0, 0): colour and shape both tell it. */
export function Marker({ state, radius: r, share = 0.62, turn = 0 }: MarkerProps): JSX.Element {
  switch (state) {
    case 'waiting':
      return <circle class="m-waiting" r={r} stroke-dasharray={`${r * 0.42} ${r * 0.4}`} />;
    case 'downloading':
      return <path class="m-downloading" d={arrow(r)} transform={`rotate(${turn + 180})`} />;
    case 'uploading':
      return <path class="m-uploading" d={arrow(r)} transform={`rotate(${turn})`} />;
    case 'training':
      return (
        <g class="m-training">
          <circle class="face" r={r} />
          {/* A stroke as wide as the radius fills like a clock, and its dash can move smoothly. */}
          <circle
            class="clock"
            r={r / 2}
            stroke-width={r}
            pathLength={1}
            stroke-dasharray={`${Math.min(1, Math.max(0, share))} 2`}
            transform="rotate(-90)"
          />
        </g>
      );
    case 'done':
      return (
        <g class="m-done">
          <circle r={r} />
          <path d={`M${-0.45 * r} 0l${0.34 * r} ${0.34 * r}l${0.58 * r} ${-0.68 * r}`} stroke-width={r * 0.24} />
        </g>
      );
    case 'dropped': {
      const a = r * 0.68;
      return <path class="m-dropped" d={`M${-a} ${-a}L${a} ${a}M${a} ${-a}L${-a} ${a}`} stroke-width={r * 0.3} />;
    }
  }
}

/** A triangle with its tip up. */
const arrow = (r: number): string => `M0 ${-r * 1.1}L${r * 1.02} ${r * 0.72}L${-r * 1.02} ${r * 0.72}Z`;
