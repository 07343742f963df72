import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { LIMITS } from '../../../shared/limits.ts';
import type { ExampleForm } from '../../../shared/task/kinds/form.ts';
import { formOf } from '../../../shared/task/kinds/index.ts';
import { type RowReader, tableRows } from '../../data/import/row-reader.ts';
import type { TableFailure, TableHead, TableReport } from '../../data/import/table-file.ts';
import { Dialog, formatBytes, formatNumber, SelectField, showToast } from '../../ui/index.ts';
import type { Contribution } from '../contribution.ts';
import { contributeWords } from '../words/index.ts';
import { FileButton } from './file-button.tsx';
import type { BringProps } from './kind-view.ts';

/** A file of columns that somebody chose. */
export interface ChosenTable extends TableHead {
  readonly file: File;
  /** One for each name of the reader; what is to be learned last. */
  readonly matched: readonly (number | null)[];
}

/** Looks at the top of a file; null where it is no table (a toast has said so). */
export async function chooseTable(file: File, reader: RowReader): Promise<ChosenTable | null> {
  const { matchColumns, readTableHead } = await import('../../data/import/table-file.ts');
  const head = await readTableHead(file);
  if (head.ok) return { ...head, file, matched: matchColumns(reader, head.header) };
  showToast(tableFailureSentence(head.reason), 'problem');
  return null;
}

export const TABLE_FILES = '.csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain';

export const TableUpload = ({ contribution, data, isDisabled }: BringProps<'table'>): JSX.Element => (
  <ColumnsUpload
    text={contributeWords().table.upload}
    reader={tableRows(data)}
    form={formOf(data)}
    contribution={contribution}
    isDisabled={isDisabled}
  />
);

interface ColumnsUploadProps {
  readonly text: string;
  readonly reader: RowReader;
  readonly form: ExampleForm;
  readonly contribution: Contribution;
  readonly isDisabled: boolean;
}

/** Chooses a CSV file, asks which of its columns is which, and takes its rows: all that can be used, or none. */
export function ColumnsUpload({ text, reader, form, contribution, isDisabled }: ColumnsUploadProps): JSX.Element {
  const [chosen, setChosen] = useState<ChosenTable | null>(null);
  return (
    <>
      <FileButton
        text={text}
        name={contributeWords().table.file}
        accept={TABLE_FILES}
        isDisabled={isDisabled}
        onFile={(file) => void chooseTable(file, reader).then(setChosen)}
      />
      {chosen && (
        <PickColumns
          contribution={contribution}
          reader={reader}
          form={form}
          chosen={chosen}
          onClose={() => setChosen(null)}
        />
      )}
    </>
  );
}

interface PickProps {
  readonly contribution: Contribution;
  readonly reader: RowReader;
  readonly form: ExampleForm;
  readonly chosen: ChosenTable;
  readonly onClose: () => void;
}

export function PickColumns({ contribution, reader, form, chosen, onClose }: PickProps): JSX.Element {
  const t = contributeWords().table;
  const { file, header, rows } = chosen;
  const [matched, setMatched] = useState(chosen.matched);
  const [isReading, setReading] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const { names } = reader;
  const target = matched.at(-1) ?? null;
  const hasFeature = matched.slice(0, -1).some((at) => at !== null);
  const sampleOf = (at: number | null): string =>
    at === null
      ? ''
      : rows
          .map((row) => row[at] ?? '')
          .filter((cell) => cell !== '')
          .join(', ');

  async function add(): Promise<void> {
    if (target === null) return;
    setReading(true);
    setProblem(null);
    const { readTable } = await import('../../data/import/table-file.ts');
    const read = await readTable(file, reader, form, { columns: matched.slice(0, -1), target });
    setReading(false);
    if (!read.ok) return setProblem(tableFailureSentence(read.reason));
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
            {t.cancel}
          </button>
          <button
            type="button"
            class="primary"
            disabled={target === null || !hasFeature || isReading}
            onClick={() => void add()}
          >
            {isReading ? t.reading : t.add}
          </button>
        </>
      }
    >
      <p class="muted small">{t.lead(file.name, formatBytes(file.size))}</p>
      <div class="column-picks">
        {names.map((name, index) => {
          const at = matched[index] ?? null;
          const isTarget = index === names.length - 1;
          return (
            <SelectField
              key={name}
              label={isTarget ? t.target(name) : name}
              help={sampleOf(at) === '' ? undefined : t.such(sampleOf(at))}
              value={at === null ? '' : String(at)}
              options={[
                { value: '', name: isTarget ? t.choose : t.notThere },
                ...header.map((column, value) => ({ value: String(value), name: column || t.unnamed(value + 1) })),
              ]}
              onChange={(value) => setMatched(matched.with(index, value === '' ? null : Number(value)))}
            />
          );
        })}
      </div>
      {problem && (
        <p class="notice problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}

export function tableFailureSentence(reason: TableFailure): string {
  const t = contributeWords().table.failures;
  if (reason === 'too-large') return t.tooLarge(formatBytes(LIMITS.tableFileBytes));
  if (reason === 'too-many') return t.tooMany(formatNumber(LIMITS.examplesPerDatasetCount));
  return t[reason];
}

/** What was left out, and why; null where nothing was. */
export function reportSentence({ leftOut, missingCells }: TableReport): string | null {
  const t = contributeWords().table.report;
  const parts = [
    ...(leftOut['not-a-number'] > 0 ? [t.notANumber(formatNumber(leftOut['not-a-number']))] : []),
    ...(leftOut['no-target'] > 0 ? [t.noTarget(formatNumber(leftOut['no-target']))] : []),
    ...(leftOut['unknown-label'] > 0 ? [t.unknownLabel(formatNumber(leftOut['unknown-label']))] : []),
    ...(leftOut['no-words'] > 0 ? [t.noWords(formatNumber(leftOut['no-words']))] : []),
    ...(leftOut['unknown-title'] > 0 ? [t.unknownTitle(formatNumber(leftOut['unknown-title']))] : []),
    ...(leftOut['off-scale'] > 0 ? [t.offScale(formatNumber(leftOut['off-scale']))] : []),
    ...(missingCells > 0 ? [t.missing(formatNumber(missingCells))] : []),
  ];
  return parts.length === 0 ? null : parts.join(' ');
}
