import { LIMITS } from '../../../shared/limits.ts';
import { type CharacterData, characterIndices, columnsOfCharacters } from '../../../shared/task/kinds/characters.ts';
import type { ExampleColumns } from '../../../shared/task/kinds/form.ts';
import type { TableFailure } from './table-file.ts';

type CharactersRead =
  | { readonly ok: true; readonly examples: ExampleColumns }
  | { readonly ok: false; readonly reason: TableFailure };

/** A text as examples, one for each of its characters: all of it, or none. */
export function readCharacters(data: CharacterData, text: string): CharactersRead {
  // What no text has, and what stands for bytes that are no UTF-8.
  if (text.includes('\0') || text.includes('\ufffd')) return { ok: false, reason: 'no-table' };
  const indices = characterIndices(data, text);
  if (indices.length < 2) return { ok: false, reason: 'no-rows' };
  if (indices.length - 1 > LIMITS.examplesPerDatasetCount) return { ok: false, reason: 'too-many' };
  return { ok: true, examples: columnsOfCharacters(data, indices) };
}

export async function readCharacterFile(data: CharacterData, file: Blob): Promise<CharactersRead> {
  if (file.size > LIMITS.textFileBytes) return { ok: false, reason: 'too-large' };
  try {
    return readCharacters(data, await file.text());
  } catch {
    return { ok: false, reason: 'unreadable' };
  }
}
