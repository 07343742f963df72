/** How many of `count` updates a trimmed mean drops at each end: ⌊share · count⌋, also where 0.29 · 100 comes to 28.999…. */
export const trimmedCount = (share: number, count: number): number => Math.floor(share * count + 1e-9);
