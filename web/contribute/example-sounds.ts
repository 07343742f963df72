import type { SoundData } from '../../shared/task/kinds/audio.ts';
import type { SoundFailure } from '../data/import/sound-file.ts';
import { formatNumber, showToast } from '../ui/index.ts';
import { labelInName } from './example-images.ts';
import type { Unlabelled } from './kinds/ask-labels.tsx';
import { contributeWords } from './words/index.ts';

/** What the model will see of the files that are sounds; what is wrong with the others has been said. */
export async function soundsOfFiles(files: readonly File[], data: SoundData): Promise<readonly Unlabelled[]> {
  const { readSoundFile, SOUND_FAILURES } = await import('../data/import/sound-file.ts');
  const sounds: Unlabelled[] = [];
  const refused = new Map<SoundFailure, string[]>();
  // One after the other: a minute of sound is many times as large as its file.
  for (const file of files) {
    const read = await readSoundFile(file, data);
    if (read.ok) sounds.push({ name: file.name, features: read.features, guess: labelInName(file.name, data.labels) });
    else refused.set(read.reason, [...(refused.get(read.reason) ?? []), file.name]);
  }
  const t = contributeWords().sound;
  for (const reason of SOUND_FAILURES) {
    const names = refused.get(reason);
    if (names === undefined) continue;
    showToast(
      t.failures[reason](names.length === 1 ? (names[0] ?? '') : t.files(formatNumber(names.length))),
      'problem',
    );
  }
  return sounds;
}
