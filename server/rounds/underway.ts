import { endingParts, type FillEffect, type FillEvent, type FillState, fillWakeAt, stepFill } from './buffer.ts';
import { type Part, type RoundEffect, type RoundState, step, wakeAt } from './round.ts';

/** A round under way, by whichever of the two steppers. */
export type Underway = RoundState | FillState;
export type UnderwayEvent = FillEvent;
export type UnderwayEffect = RoundEffect | FillEffect;

/** Where the spool has the reports of a buffered task: one may be of a later fill than it began in (B11). */
export const FILL_PLACE = 0;

export const isFill = (state: Underway): state is FillState => 'schedule' in state;

export function stepUnderway(
  state: Underway,
  event: UnderwayEvent,
): { readonly state: Underway; readonly effects: readonly UnderwayEffect[] } {
  if (isFill(state)) return stepFill(state, event);
  return event.kind === 'settle' ? { state, effects: [] } : step(state, event);
}

export const wakeOf = (state: Underway): number | null => (isFill(state) ? fillWakeAt(state) : wakeAt(state));

export const partsOf = (state: Underway): readonly Part[] => (state.phase === 'selecting' ? [] : state.parts);

/** Without those that go on in the next fill. */
export const endingPartsOf = (state: Underway): readonly Part[] =>
  isFill(state) ? endingParts(state) : partsOf(state);
