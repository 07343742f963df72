import type { ComponentChildren, JSX } from 'preact';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand to the right, in columns. */
  readonly isNumeric?: boolean;
  /** The cell that names its row. */
  readonly isHead?: boolean;
}

export interface TableProps<Row> {
  /** What the table holds; shown only where `showCaption` is set, always read out. */
  readonly caption: string;
  readonly showCaption?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  /** Said in place of rows where there are none. */
  readonly empty?: string;
}

export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { caption, showCaption = false, columns, rows, keyOf, empty } = props;
  return (
    <div class="table">
      <table>
        <caption class={showCaption ? '' : 'visually-hidden'}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={column.isNumeric ? 'numeric' : ''}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => {
                const className = column.isNumeric ? 'numeric' : '';
                return column.isHead ? (
                  <th key={column.name} scope="row" class={className}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.name} class={className}>
                    {column.cell(row)}
                  </td>
                );
              })}
            </tr>
          ))}
          {rows.length === 0 && empty !== undefined && (
            <tr>
              <td class="empty" colSpan={columns.length}>
                {empty}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
