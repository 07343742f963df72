import { expect, test } from 'vitest';
import { TEMPLATES } from '../../shared/task/templates/index.ts';
import { findEspeak, speak } from './espeak.ts';
import { keywordsBy } from './keywords.ts';

const { data } = TEMPLATES.keywords;

test('without espeak-ng there are none, and the server says so', async () => {
  expect(findEspeak('/nowhere:/also-nowhere')).toBeNull();
  const absent = keywordsBy(() => null);
  expect([absent.isInstalled(), await absent.openTraining(data), await absent.readHeldOut(data)]).toEqual([
    false,
    null,
    null,
  ]);
});

test('a task with other words gets none, nor one of another kind', async () => {
  const present = keywordsBy(() => '/bin/false');
  expect(await present.openTraining({ ...data, labels: ['open', 'shut'] })).toBeNull();
  expect(await present.readHeldOut(TEMPLATES.digits.data)).toBeNull();
  expect(await present.openTraining(data)).toMatchObject({ count: 960, perPerson: 40 });
});

test('a program that fails, or gives something else than sound, is an error and not an example', async () => {
  const broken = await keywordsBy(() => '/bin/false').openTraining(data);
  await expect(broken?.read(Uint32Array.of(0))).rejects.toThrow();
  await expect(speak('/bin/echo', 'en', [{ word: 'yes', speed: 1, pitch: 1 }])).rejects.toThrow('no WAV file');
});
