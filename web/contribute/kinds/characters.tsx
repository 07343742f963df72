import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { LIMITS } from '../../../shared/limits.ts';
import { characterIndices, characters, charactersOf, windowBefore } from '../../../shared/task/kinds/characters.ts';
import type { TableFailure } from '../../data/import/table-file.ts';
import { formatBytes, formatNumber, showToast, TextField } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';
import { ClassAnswer } from './class-answer.tsx';
import { FileButton } from './file-button.tsx';
import type { BringProps, KindView } from './kind-view.ts';

export const charactersView: KindView<'characters'> = {
  Make: Paste,
  Import: CharacterUpload,
  Shown: ({ data, example }) => (
    <code class="snippet">
      {charactersOf(data, example.features)}
      <strong>{charactersOf(data, [example.target + 1])}</strong>
    </code>
  ),
  nameOf: (data, place) => characters.labels(data)[place] ?? '',
  isList: true,
  Try: Continue,
};

type Read = Awaited<ReturnType<typeof import('../../data/import/character-file.ts').readCharacterFile>>;

/** Keeps what was read, or says why there is nothing; true where it is kept. */
async function keep(contribution: BringProps<'characters'>['contribution'], read: Read): Promise<boolean> {
  if (read.ok) return contribution.addExamples(read.examples);
  showToast(failureSentence(read.reason), 'problem');
  return false;
}

function failureSentence(reason: TableFailure): string {
  const t = contributeWords().characters.failures;
  if (reason === 'too-large') return contributeWords().table.failures.tooLarge(formatBytes(LIMITS.textFileBytes));
  if (reason === 'too-many') return t.tooMany(formatNumber(LIMITS.examplesPerDatasetCount));
  return reason === 'unreadable' ? contributeWords().table.failures.unreadable : t[reason];
}

function Paste({ contribution, data, isDisabled }: BringProps<'characters'>): JSX.Element {
  const t = contributeWords().characters;
  const written = useSignal('');
  const add = async (): Promise<void> => {
    const text = written.peek();
    const { readCharacters } = await import('../../data/import/character-file.ts');
    if (await keep(contribution, readCharacters(data, text))) written.value = '';
  };
  return (
    <div class="write">
      <TextField
        label={t.write}
        help={t.writeHow}
        value={written.value}
        lines={4}
        isDisabled={isDisabled}
        onChange={(text) => {
          written.value = text;
        }}
      />
      <button type="button" disabled={isDisabled || written.value.trim() === ''} onClick={() => void add()}>
        {t.add}
      </button>
    </div>
  );
}

function CharacterUpload({ contribution, data, isDisabled }: BringProps<'characters'>): JSX.Element {
  const t = contributeWords().characters;
  const choose = async (file: File): Promise<void> => {
    const { readCharacterFile } = await import('../../data/import/character-file.ts');
    await keep(contribution, await readCharacterFile(data, file));
  };
  return (
    <FileButton
      text={t.upload}
      name={t.file}
      accept=".txt,.md,text/plain"
      isDisabled={isDisabled}
      onFile={(file) => void choose(file)}
    />
  );
}

/** What has been typed, and the characters that the model takes for the next. */
function Continue({ contribution, data, trial }: Parameters<KindView<'characters'>['Try']>[0]): JSX.Element {
  const t = contributeWords().characters;
  const written = useSignal('');
  useEffect(() => {
    const indices = characterIndices(data, written.value);
    void contribution.predict(indices.length === 0 ? null : windowBefore(data, indices, indices.length));
  }, [written.value]);
  return (
    <div class="try-row">
      <TextField
        label={t.tryWrite}
        value={written.value}
        lines={2}
        onChange={(text) => {
          written.value = text;
        }}
      />
      <ClassAnswer trial={trial} labels={characters.labels(data)} ask={t.ask} say={t.next} />
    </div>
  );
}
