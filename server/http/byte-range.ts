/**
 * The Range header against a length (RFC 9110 §14.1.2): one range with inclusive ends; `whole` where the header is
 * absent in effect (another unit, several ranges, bad syntax: a server may ignore them); `unsatisfiable` is a 416.
 */
export function byteRange(
  header: string,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | 'whole' | 'unsatisfiable' {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(header);
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return 'whole';
  if (first === '') {
    const suffixBytes = Number(last);
    if (suffixBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
    return { start: Math.max(0, sizeBytes - suffixBytes), end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= sizeBytes ? 'unsatisfiable' : { start, end };
}
