import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import {
  type Cells,
  decodeCells,
  encodeCells,
  type RowData,
  type TableColumn,
} from '../../../shared/task/kinds/table.ts';
import { MISSING, SelectField, TextField } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';
import { ClassAnswer } from './class-answer.tsx';
import type { KindView } from './kind-view.ts';
import { NumberAnswer, plainNumber } from './number-answer.tsx';
import { TableUpload } from './table-upload.tsx';

export const tableView: KindView<'table'> = {
  Import: TableUpload,
  Shown: ({ data, example }) => <Row data={data} cells={decodeCells(data, example.features)} />,
  nameOf: ({ labels, target }, value) =>
    labels === undefined ? `${target.name} ${plainNumber(value)}` : (labels[value] ?? ''),
  isList: true,
  Try: TryRow,
};

function Row({ data, cells }: { readonly data: RowData; readonly cells: Cells }): JSX.Element {
  return (
    <dl class="table-row">
      {data.columns.map(({ name }, index) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{cells[index] ?? MISSING}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A form with a field for each column; the model answers to what stands in it. */
function TryRow({ contribution, data, trial }: Parameters<KindView<'table'>['Try']>[0]): JSX.Element {
  const t = contributeWords().table;
  const cells = useSignal<Cells>(data.columns.map(likely));
  const encoded = encodeCells(data, cells.value);
  const problem = 'notANumber' in encoded ? encoded.notANumber : null;
  useEffect(() => {
    const now = encodeCells(data, cells.value);
    void contribution.predict('notANumber' in now ? null : now.features);
  }, [cells.value]);
  const set = (index: number, cell: string): void => {
    cells.value = cells.value.with(index, cell);
  };
  return (
    <div class="try-row">
      <div class="row-form">
        {data.columns.map((column, index) => (
          <CellField
            key={column.name}
            column={column}
            cell={cells.value[index] ?? ''}
            problem={problem === column.name ? t.notANumber : undefined}
            onChange={(cell) => set(index, cell)}
          />
        ))}
      </div>
      {data.labels === undefined ? (
        <NumberAnswer trial={trial} target={data.target} ask={t.fill} />
      ) : (
        <ClassAnswer trial={trial} labels={data.labels} ask={t.fill} />
      )}
    </div>
  );
}

/** What a form begins with: the mean of a number, the first value of a category. */
const likely = (column: TableColumn): string =>
  column.type === 'number' ? String(column.mean) : (column.values[0] ?? '');

function CellField(props: {
  readonly column: TableColumn;
  readonly cell: string;
  readonly problem: string | undefined;
  readonly onChange: (cell: string) => void;
}): JSX.Element {
  const { column, cell, problem, onChange } = props;
  if (column.type === 'number') {
    return <TextField label={column.name} value={cell} problem={problem} onChange={onChange} />;
  }
  const options = [...column.values, ''].map((value) => ({
    value,
    name: value === '' ? contributeWords().table.missing : value,
  }));
  return <SelectField label={column.name} value={cell} options={options} onChange={onChange} />;
}
