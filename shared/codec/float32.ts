import { fromBytes, toBytes } from '../weights/vector.ts';
import { type Codec, exactly } from './codec.ts';

/** The values as they are: little-endian float32, four bytes each. */
export const float32 = {
  name: 'float32',
  id: 0,
  seeding: 'none',
  bodyBytes: (values) => exactly(values * 4),
  encode: (vector) => toBytes(vector),
  decode: (body, values) => (body.byteLength === values * 4 ? fromBytes(body) : undefined),
} as const satisfies Codec;
