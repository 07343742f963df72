import type { Assignment, Participation } from '../../shared/protocol/index.ts';
import type { HeldWeights } from './held-weights.ts';
import { copied } from './in-turns.ts';
import type { Encoder, WeightsSource } from './ports.ts';

export interface StepOptions {
  readonly participation: Pick<Participation, 'codec' | 'layoutSha256'>;
  readonly held: HeldWeights;
  readonly encoder?: Encoder;
  readonly source: WeightsSource;
  readonly onFetched: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * The weights of an assignment, by its steps from others that are held (P52). Null where those are not held, where no step
 * can be had or taken, whatever the reason, and where the steps lead elsewhere. It stands apart from the engine, which most of the time does without it.
 */
export async function byStepsTo(
  { base, steps = [] }: Pick<Assignment, 'base' | 'steps'>,
  { participation: { codec, layoutSha256 }, held, encoder, source, onFetched, signal }: StepOptions,
): Promise<Uint8Array | null> {
  const from = steps[0] && held.get(steps[0].from);
  if (!from || encoder?.advance === undefined) return null;
  try {
    const frames = await Promise.all(
      steps.map(async (step) => {
        const { bytes: frame } = await source.fetch(step.sha256, step.bytes, signal);
        onFetched(frame.byteLength);
        return { frame, baseSha256: step.from };
      }),
    );
    // A copy: it may be transferred away.
    const advanced = await encoder.advance(await copied(from), frames, { codec, layoutSha256 });
    return advanced.sha256 === base.sha256 ? advanced.bytes : null;
  } catch {
    return null;
  }
}
