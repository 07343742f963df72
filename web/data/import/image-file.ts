import { nextTurn } from '../turns.ts';
import { IMAGE_HEAD_BYTES, imageSizeOf } from './image-size.ts';
import type { Picture } from './picture.ts';

/** A larger picture is shrunk before its pixels are looked at: a phone's photo has 48 million of them, a model sees some hundreds. */
const LONGEST_SIDE = 512;
const FILE_BYTES = 64 * 1024 * 1024;
/** Decoded, each takes four bytes, whatever the file takes: a few kilobytes may be gigabytes of one colour. */
const PIXELS = 100_000_000;

export type ReadPicture =
  | { readonly ok: true; readonly picture: Picture }
  | { readonly ok: false; readonly reason: 'too-large' | 'not-an-image' };

/** Decodes a file that a person chose, by the browser's own decoders, if its pixels fit. The file leaves nothing behind. */
export async function readImageFile(file: Blob): Promise<ReadPicture> {
  if (file.size > FILE_BYTES) return { ok: false, reason: 'too-large' };
  let bitmap: ImageBitmap;
  try {
    const size = imageSizeOf(new Uint8Array(await file.slice(0, IMAGE_HEAD_BYTES).arrayBuffer()));
    if (size !== null && size.width * size.height > PIXELS) return { ok: false, reason: 'too-large' };
    bitmap = await createImageBitmap(file);
  } catch {
    return { ok: false, reason: 'not-an-image' };
  }
  try {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (context === null) return { ok: false, reason: 'not-an-image' };
    context.drawImage(bitmap, 0, 0, width, height);
    const picture = context.getImageData(0, 0, width, height);
    // The page has its turn between shrinking a large picture and looking at its pixels.
    await nextTurn();
    return { ok: true, picture };
  } finally {
    bitmap.close();
  }
}
