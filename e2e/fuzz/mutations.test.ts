import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mutated, mutation } from './mutations.ts';

const message = { token: 'a', metrics: { loss: 1 }, list: [1, 2] };
const at = (place: number, how: Parameters<typeof mutated>[1]['how'], value: unknown = 7) =>
  mutated(message, { at: place, how, value });

it('changes one place, whichever is counted out', () => {
  expect(at(0, 'set')).toBe(7);
  expect(at(1, 'set')).toEqual({ ...message, token: 7 });
  expect(at(1, 'delete')).toEqual({ metrics: { loss: 1 }, list: [1, 2] });
  expect(at(3, 'set')).toEqual({ ...message, metrics: { loss: 7 } });
  expect(at(3, 'add')).toEqual({ ...message, metrics: { loss: 1, lossx: 7 } });
  expect(at(4, 'double')).toEqual({ ...message, list: [1, 2, 1, 2] });
  expect(at(5, 'wrap')).toEqual({ ...message, list: [[1], 2] });
  expect(at(7, 'set')).toEqual(at(0, 'set'));
});

it('leaves the message as it is, whatever the change', () => {
  const before = structuredClone(message);
  fc.assert(
    fc.property(mutation, (change) => {
      mutated(message, change);
      expect(message).toEqual(before);
    }),
  );
});
