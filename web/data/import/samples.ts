import type { TaskId } from '../../../shared/ids.ts';
import type { ExampleColumns, ExampleForm } from '../../../shared/task/kinds/form.ts';
import { decodeSamples } from '../../../shared/wire/samples.ts';

export type Samples =
  | {
      readonly ok: true;
      readonly examples: ExampleColumns /** Handed out to somebody before. */;
      readonly reused: number;
    }
  | { readonly ok: false; readonly reason: 'no-samples' | 'server-away' | 'bad-answer'; readonly message: string };

/** One GET of sample data: `/api/tasks/:id/samples?count=…` of the server at `origin` (empty: the page's own). */
export async function fetchSamples(
  origin: string,
  task: TaskId,
  count: number,
  form: ExampleForm,
  signal?: AbortSignal,
): Promise<Samples> {
  let response: Response;
  let bytes: Uint8Array;
  try {
    const address = `${origin}/api/tasks/${task}/samples?count=${count}`;
    response = await fetch(address, { signal: signal ?? null, cache: 'no-store', credentials: 'omit' });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (signal?.aborted) throw error;
    return { ok: false, reason: 'server-away', message: 'The server does not answer.' };
  }
  if (!response.ok) {
    const reason = response.status === 404 || response.status === 409 ? 'no-samples' : 'server-away';
    return { ok: false, reason, message: `The server has no sample data for this task (${response.status}).` };
  }
  const decoded = decodeSamples(bytes, form);
  if (!decoded.ok) return { ok: false, reason: 'bad-answer', message: decoded.problem };
  const { features, targets, reusedCount } = decoded.shard;
  return { ok: true, examples: { features, targets }, reused: reusedCount };
}
