import type { Fault } from './backends/opened.ts';
import { DEVICE_NAMES, type DeviceName } from './device.ts';
import type { Reference } from './reference.ts';

/** What the probe found of one backend and one model. */
export type Finding =
  | {
      readonly backend: DeviceName;
      readonly isRight: true;
      /** Milliseconds a step, the read-back that training does included. */
      readonly stepMs: number;
      /** It takes that at least, and was not timed further: hopeless beside the others. */
      readonly isFloor: boolean;
    }
  | {
      readonly backend: DeviceName;
      readonly isRight: false;
      readonly fault: Fault;
      /** A clause for people. */
      readonly reason: string;
    };

/** What is worth keeping of a probe: by it the next start opens one backend only, and still checks it. */
export interface Probed {
  readonly reference: Reference;
  readonly findings: readonly Finding[];
}

export const LABELS: Readonly<Record<DeviceName, string>> = {
  webgpu: 'WebGPU',
  webgl: 'WebGL',
  wasm: 'WebAssembly',
  cpu: 'the plain CPU',
};

/** Milliseconds a step; infinite where it is not right or was not timed. */
export const stepMsOf = (finding: Finding | undefined): number =>
  finding?.isRight && !finding.isFloor ? finding.stepMs : Number.POSITIVE_INFINITY;

/** The fastest that is right; the plain CPU where there is none. */
export function fastestOf(findings: ReadonlyMap<DeviceName, Finding>): DeviceName {
  let best: DeviceName = 'cpu';
  for (const name of DEVICE_NAMES) if (stepMsOf(findings.get(name)) < stepMsOf(findings.get(best))) best = name;
  return best;
}
