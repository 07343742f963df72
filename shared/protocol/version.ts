/** The protocol this code speaks. A client and a server agree when their ranges overlap (PROTOCOL.md, P5). */
export const PROTOCOL = { min: 1, max: 1 } as const;

export interface ProtocolRange {
  readonly min: number;
  readonly max: number;
}

export const overlaps = (a: ProtocolRange, b: ProtocolRange): boolean => a.min <= b.max && b.min <= a.max;
