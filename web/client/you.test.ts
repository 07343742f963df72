import { expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { INITIAL } from './participation.ts';
import { viewOf } from './participation-view.ts';
import { PARTICIPATION_STATES } from './view.ts';
import { youOf } from './you.ts';

const idle = viewOf(INITIAL, { task: 'digits' as TaskId, atMs: 0, sentBytes: 0, receivedBytes: 0 });

it('is on the ring only with a slot', () => {
  for (const state of PARTICIPATION_STATES) expect(youOf({ ...idle, state })).toBeNull();
  expect(youOf({ ...idle, slot: 2, state: 'waiting' })).toBeNull();
});

it('knows its own progress before the server does', () => {
  const training = { ...idle, slot: 2, state: 'training' as const };
  expect(youOf({ ...training, progress: { step: 18, steps: 30, loss: null } })).toEqual({
    slot: 2,
    state: 'training',
    share: 0.6,
  });
  expect(youOf(training)).toEqual({ slot: 2, state: 'training', share: 0 });
  expect(youOf({ ...idle, slot: 2, state: 'uploading', uploadShare: 0.25 })?.share).toBe(0.25);
  expect(youOf({ ...idle, slot: 2, state: 'accepted' })).toEqual({ slot: 2, state: 'done', share: 1 });
});
