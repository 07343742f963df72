/**
 * Names of the codecs and the byte of each in the frame, which is never reused: one line a codec. It stands apart from
 * the registry so that a page which only sends what its worker encoded holds none of them.
 */
export const CODEC_IDS = {
  float32: 0,
  float16: 1,
  'top-k': 2,
  'random-k': 3,
  'eden-1': 0x11,
  'eden-2': 0x12,
  'eden-3': 0x13,
  'eden-4': 0x14,
  'uniform-1': 0x21,
  'uniform-2': 0x22,
  'uniform-4': 0x24,
  'uniform-8': 0x28,
  'uniform-12': 0x2c,
  'uniform-16': 0x30,
  'uniform-1-rotated': 0x41,
  'uniform-2-rotated': 0x42,
  'uniform-4-rotated': 0x44,
  'uniform-8-rotated': 0x48,
  'uniform-12-rotated': 0x4c,
  'uniform-16-rotated': 0x50,
} as const satisfies Record<string, number>;

export type CodecName = keyof typeof CODEC_IDS;
export const CODEC_NAMES = Object.keys(CODEC_IDS) as CodecName[];

/** What a task says besides the name, and of which codecs it must say it. */
export const needsRange = (name: CodecName): boolean => name.startsWith('uniform-');
export const needsFraction = (name: CodecName): boolean => name === 'top-k' || name === 'random-k';
/** What it does not send is kept and added to the next delta. */
export const hasErrorFeedback = (name: CodecName): boolean => name === 'top-k';
