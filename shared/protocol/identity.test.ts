import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssignmentToken, isClientId, isUpdateId, type TaskId } from '../ids.ts';
import { clientIdOf, updateIdOf } from './identity.ts';
import { overlaps, PROTOCOL } from './version.ts';

const secret = '000102030405060708090a0b0c0d0e0f';
const hex32 = fc.stringMatching(/^[0-9a-f]{32}$/);
const taskId = fc.stringMatching(/^[a-z0-9-]{1,40}$/);

// The values were computed with OpenSSL's SHA-256, not with this code.
describe('identities', () => {
  it('P32: clientId follows from the task and the secret', () => {
    expect(clientIdOf('digits' as TaskId, secret)).toBe('ffd55b82b2a70801b4ac3c641896891e');
    expect(clientIdOf('seed-dense' as TaskId, secret)).toBe('ed9dfb89c00f1ba3921dba230aef2341');
  });

  it('P33: updateId follows from the token', () => {
    expect(updateIdOf(secret as AssignmentToken)).toBe('3a9de6d782727a6529ec01fece5623dd');
  });

  it('P32: are well-formed, and differ wherever task or secret differ', () => {
    fc.assert(
      fc.property(taskId, taskId, hex32, hex32, (task, otherTask, a, b) => {
        const id = clientIdOf(task as TaskId, a);
        expect(isClientId(id)).toBe(true);
        expect(clientIdOf(task as TaskId, b) === id).toBe(a === b);
        expect(clientIdOf(otherTask as TaskId, a) === id).toBe(task === otherTask);
        expect(isUpdateId(updateIdOf(a as AssignmentToken))).toBe(true);
        // Domains apart: the same bytes as a secret and as a token give different names.
        expect(String(updateIdOf(a as AssignmentToken))).not.toBe(String(id));
      }),
    );
  });
});

describe('P5: protocol ranges', () => {
  it.each([
    [{ min: 1, max: 1 }, { min: 1, max: 1 }, true],
    [{ min: 1, max: 3 }, { min: 3, max: 9 }, true],
    [{ min: 2, max: 3 }, { min: 1, max: 1 }, false],
    [{ min: 0, max: 0 }, { min: 1, max: 1 }, false],
    [{ min: 5, max: 1 }, { min: 2, max: 3 }, false],
  ])('%j and %j', (a, b, expected) => {
    expect(overlaps(a, b)).toBe(expected);
    expect(overlaps(b, a)).toBe(expected);
  });

  it('this code speaks 1', () => expect(PROTOCOL).toEqual({ min: 1, max: 1 }));
});
