import type { TaskId } from '../../shared/ids.ts';
import { type CourtesyNotes, parseNotes } from '../client/courtesy-notes.ts';

/** A few numbers in localStorage; where nothing may be stored they last as long as the page. */
const keyOf = (task: TaskId): string => `fedtab-courtesy-${task}`;

export function readNotes(task: TaskId, day: string): CourtesyNotes {
  try {
    return parseNotes(localStorage.getItem(keyOf(task)), day);
  } catch {
    return parseNotes(null, day);
  }
}

export function writeNotes(task: TaskId, notes: CourtesyNotes): void {
  try {
    localStorage.setItem(keyOf(task), JSON.stringify(notes));
  } catch {}
}

export function removeNotes(task: TaskId): void {
  try {
    localStorage.removeItem(keyOf(task));
  } catch {}
}
