import { expect, it } from 'vitest';
import type { PublicTask } from '../../shared/protocol/public-task.ts';
import { PARTICIPATION_STATES } from '../client/view.ts';
import { idleView } from './joining.ts';
import { youOf } from './you.ts';

const idle = idleView({ id: 'digits', sha256: '' } as PublicTask, 0);

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
