import type { Kernel } from './kernel.ts';
import { plain } from './plain.ts';
import { openSimd } from './simd.ts';

/** The fastest kernel that runs here. */
export const kernel: Kernel = openSimd() ?? plain;
