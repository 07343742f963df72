import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LIMITS } from '../../../shared/limits.ts';
import { toBytes } from '../../../shared/weights/vector.ts';
import { readModelFiles } from './model-files.ts';

const json = readFileSync(
  new URL('../../../shared/model/import/fixtures/handmade-keras-2-sequential.json', import.meta.url),
);
const all = toBytes(Float32Array.from({ length: 4_138 }, (_, index) => index)) as Uint8Array<ArrayBuffer>;
const model = new File([json], 'model.json');
const shards = (cut = 4_001) => [
  new File([all.subarray(cut)], 'group1-shard2of2.bin'),
  new File([all.subarray(0, cut)], 'group1-shard1of2.bin'),
];
const codes = async (...files: File[]): Promise<string[]> => {
  const read = await readModelFiles(files);
  return read.ok ? [] : read.failure.map(({ code }) => code);
};

it('model.json alone leaves the weights to the seed; with its files they are in the order of the layers', async () => {
  expect(await readModelFiles([model])).toMatchObject({ ok: true, value: { weights: null } });
  const read = await readModelFiles([...shards(), new File(['x'], 'notes.txt'), model]);
  expect(read.ok && read.value.weights?.[0]).toBe(3_930);
  expect(read.ok && read.value.weights?.length).toBe(4_138);
});

it('refuses what is missing, too long, or not the files of this model', async () => {
  expect(await codes(...shards())).toEqual(['no-file']);
  expect(await codes(new File(['{'], 'model.json'))).toEqual(['not-json']);
  expect(await codes(new File([new Uint8Array(LIMITS.modelJsonBytes + 1)], 'model.json'))).toEqual(['too-large']);
  expect(await codes(model, ...shards().slice(1))).toEqual(['weights-file']);
  const [second, first] = shards() as [File, File];
  expect(await codes(model, second, new File([await first.arrayBuffer(), 'xx'], first.name))).toEqual([
    'weights-bytes',
  ]);
});
