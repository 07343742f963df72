import { describe, expect, it } from 'vitest';
import type { TaskId } from '../../shared/ids.ts';
import { addressOf, codeOf, type Place, placeOf, TABS, taskPlace } from './address.ts';

const digits = 'digits' as TaskId;

describe('an address', () => {
  const places: Place[] = [
    { kind: 'home' },
    { kind: 'new', from: null },
    { kind: 'new', from: digits },
    { kind: 'webhook' },
    { kind: 'logins' },
    ...TABS.map((tab) => taskPlace(digits, tab)),
    taskPlace(digits, 'rounds', 20),
  ];
  it.each(places)('leads back to its place: %j', (place) => {
    const address = new URL(addressOf(place), 'http://localhost');
    expect(address.pathname).toBe('/admin');
    expect(placeOf(address.search)).toEqual(place);
  });

  it('is short where nothing is special', () => {
    expect(addressOf({ kind: 'home' })).toBe('/admin');
    expect(addressOf(taskPlace(digits))).toBe('/admin?task=digits');
    expect(addressOf({ kind: 'new', from: null })).toBe('/admin?new');
    expect(addressOf({ kind: 'webhook' })).toBe('/admin?webhook');
    expect(addressOf({ kind: 'logins' })).toBe('/admin?logins');
    expect(addressOf(taskPlace(digits, 'rounds', 3))).toBe('/admin?task=digits&tab=rounds&round=3');
  });

  it('keeps a language that was asked for, and nothing else', () => {
    expect(addressOf(taskPlace(digits), '?lang=zh&task=old&x=1')).toBe('/admin?lang=zh&task=digits');
    expect(addressOf({ kind: 'new', from: null }, '?lang=zh')).toBe('/admin?lang=zh&new');
  });

  it('that was tampered with leads to the nearest place there is', () => {
    expect(placeOf('?task=<script>')).toEqual({ kind: 'home' });
    expect(placeOf('?task=digits&tab=constructor&round=-1')).toEqual(taskPlace(digits));
    expect(placeOf('?task=digits&tab=rounds&round=1e9')).toEqual(taskPlace(digits, 'rounds'));
    expect(placeOf('?new&from=../../etc')).toEqual({ kind: 'new', from: null });
  });
});

describe('the code of a link', () => {
  it('is what the server makes: 32 bytes as base64url', () => {
    const code = `${'Ab-_'.repeat(10)}xyz`;
    expect(codeOf(`#${code}`)).toBe(code);
  });
  it.each(['', '#', '#main', '#a b c d e f g h i j k l', `#${'a'.repeat(129)}`])('is not %j', (hash) => {
    expect(codeOf(hash)).toBeNull();
  });
});
