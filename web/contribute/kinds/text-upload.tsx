import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formOf } from '../../../shared/task/kinds/index.ts';
import { textRows } from '../../data/import/row-reader.ts';
import { Dialog, formatBytes, SelectField, showToast } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';
import { FileButton } from './file-button.tsx';
import type { BringProps } from './kind-view.ts';
import {
  type ChosenTable,
  chooseTable,
  PickColumns,
  reportSentence,
  TABLE_FILES,
  tableFailureSentence,
} from './table-upload.tsx';
import { noteText } from './text-notes.ts';

type Chosen = { readonly lines: File } | { readonly table: ChosenTable };

/** A file of texts: one a line, all of the same label, or with the labels in a column of their own. */
export function TextUpload({ contribution, data, isDisabled }: BringProps<'text'>): JSX.Element {
  const t = contributeWords().text;
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const reader = textRows(data, noteText);
  const choose = async (file: File): Promise<void> => {
    if (/\.txt$/i.test(file.name)) return setChosen({ lines: file });
    const table = await chooseTable(file, reader);
    if (table) setChosen({ table });
  };
  const shared = { contribution, reader, form: formOf(data), onClose: () => setChosen(null) };
  return (
    <>
      <FileButton
        text={t.upload}
        name={t.file}
        accept={TABLE_FILES}
        isDisabled={isDisabled}
        onFile={(file) => void choose(file)}
      />
      {chosen && 'table' in chosen && <PickColumns {...shared} chosen={chosen.table} />}
      {chosen && 'lines' in chosen && <PickLabel {...shared} labels={data.labels} file={chosen.lines} />}
    </>
  );
}

type PickProps = Omit<Parameters<typeof PickColumns>[0], 'chosen'> & {
  readonly labels: readonly string[];
  readonly file: File;
};

function PickLabel({ contribution, reader, form, labels, file, onClose }: PickProps): JSX.Element {
  const t = contributeWords().text;
  const shared = contributeWords().table;
  const [label, setLabel] = useState('');
  const [isReading, setReading] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function add(): Promise<void> {
    setReading(true);
    setProblem(null);
    const { readLines } = await import('../../data/import/table-file.ts');
    const read = await readLines(file, reader, form, label);
    setReading(false);
    if (!read.ok) return setProblem(t.failures[read.reason] ?? tableFailureSentence(read.reason));
    if (!(await contribution.addExamples(read.examples))) return;
    const sentence = reportSentence(read.report);
    if (sentence !== null) showToast(sentence);
    onClose();
  }

  return (
    <Dialog
      isOpen
      title={t.title}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {shared.cancel}
          </button>
          <button type="button" class="primary" disabled={label === '' || isReading} onClick={() => void add()}>
            {isReading ? shared.reading : t.addLines}
          </button>
        </>
      }
    >
      <p class="muted small">{t.linesLead(file.name, formatBytes(file.size))}</p>
      <SelectField
        label={t.lines}
        value={label}
        options={[{ value: '', name: shared.choose }, ...labels.map((name) => ({ value: name, name }))]}
        onChange={setLabel}
      />
      {problem && (
        <p class="notice problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
