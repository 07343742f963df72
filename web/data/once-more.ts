import { RefusedChange } from './failure.ts';

/**
 * Reads that wait behind another tab's import take a second or two. Chromium was seen to leave a read unanswered for good
 * where it took the database away in that moment.
 */
export const UNANSWERED_AFTER_MS = 8_000;

const UNANSWERED = new RefusedChange('failed', 'timeout');

/** Rejects what takes longer than `UNANSWERED_AFTER_MS`. */
type Answered = <Value>(request: Promise<Value>) => Promise<Value>;

/** Reads; where a request is never answered, `renew` lets go of the connection, and it reads once more before it gives up. */
export async function orOnceMore<Value>(
  read: (answered: Answered) => Promise<Value>,
  renew: () => void,
): Promise<Value> {
  try {
    return await read(answered);
  } catch (error) {
    if (error !== UNANSWERED) throw error;
    renew();
    return read(answered);
  }
}

function answered<Value>(request: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(UNANSWERED), UNANSWERED_AFTER_MS);
    request.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
