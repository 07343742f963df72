import type { Device } from '../device.ts';

/** A device that answers, or the clause that says why there is none ("WebGL is not available here"). */
export type Opened = { readonly ok: true; readonly device: Device } | { readonly ok: false; readonly reason: string };
