import { Zip, ZipPassThrough } from 'fflate';
import type { TaskId } from '../../shared/ids.ts';

export type ModelFormat = 'tfjs' | 'npz';

export const modelAddress = (task: TaskId, version: number, file: 'model.json' | 'weights.bin' | 'model.npz'): string =>
  `/api/tasks/${task}/model/${file}?version=${version}`;

export interface ModelFile {
  readonly name: string;
  readonly content: Blob;
}

/** Fetches a version of a model as one file; null where it could not be had whole. */
export async function fetchModel(task: TaskId, version: number, format: ModelFormat): Promise<ModelFile | null> {
  const base = `${task}-v${version}`;
  try {
    if (format === 'npz') {
      const response = await fetch(modelAddress(task, version, 'model.npz'));
      return response.ok ? { name: `${base}.npz`, content: await response.blob() } : null;
    }
    const names = ['model.json', 'weights.bin'] as const;
    const responses = await Promise.all(names.map((name) => fetch(modelAddress(task, version, name))));
    if (responses.some((response) => !response.ok)) return null;
    const content = await zipOf(names.map((name, index) => ({ name, response: responses[index] as Response })));
    return { name: `${base}-tfjs.zip`, content };
  } catch {
    return null;
  }
}

/** Files side by side, as they are: float32 does not compress. Goes chunk by chunk, so the page stays at hand. */
async function zipOf(files: readonly { readonly name: string; readonly response: Response }[]): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part as Uint8Array<ArrayBuffer>);
  });
  for (const { name, response } of files) {
    const entry = new ZipPassThrough(name);
    zip.add(entry);
    for await (const chunk of response.body ?? []) entry.push(chunk);
    entry.push(new Uint8Array(), true);
  }
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}

/** Hands a file to the browser's downloads. */
export function saveFile({ name, content }: ModelFile): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
