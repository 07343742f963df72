import type { Assignment, Participation } from '../../shared/protocol/index.ts';
import type { HeldWeights } from './held-weights.ts';
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
 * Where the steps of an assignment lead from weights that are held (P52), unchecked. Null where they are not held, or where no step
 * can be had or taken, whatever the reason. It stands apart from the engine, which most of the time does without it.
 */
export async function byStepsTo(
  { steps = [] }: Pick<Assignment, 'steps'>,
  { participation: { codec, layoutSha256 }, held, encoder, source, onFetched, signal }: StepOptions,
): Promise<Uint8Array | null> {
  const from = steps[0] && held.get(steps[0].from);
  if (!from || encoder?.advance === undefined) return null;
  try {
    const frames = await Promise.all(
      steps.map(async (step) => {
        const frame = await source.fetch(step.sha256, step.bytes, signal);
        onFetched(frame.byteLength);
        return { frame, baseSha256: step.from };
      }),
    );
    // A copy: it may be transferred away.
    return await encoder.advance(from.slice(), frames, { codec, layoutSha256 });
  } catch {
    return null;
  }
}
