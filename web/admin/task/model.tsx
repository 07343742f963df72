import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { modelOf, topologyOf } from '../../../shared/task/model-of.ts';
import { formatBytes, formatNumber, Table } from '../../ui/index.ts';
import { layerRows } from '../layers.ts';
import { type ShownTask, useDashboard } from '../shown.ts';
import { WideTable } from '../wide-table.tsx';
import { adminWords } from '../words/index.ts';
import { Checkpoints } from './checkpoints.tsx';
import { ModelDownload } from './model-download.tsx';

/** What was learned: to take away, to look into, to go back to. */
export function Model({ task }: { readonly task: ShownTask }): JSX.Element {
  const { needCheckpoints } = useDashboard();
  const { picture, spec, history } = task;
  useEffect(() => needCheckpoints(picture.task), [picture.task, picture.status.version]);
  const checkpoints = history.checkpoints ?? [];
  return (
    <>
      <div class="model">
        <ModelDownload task={picture.task} checkpoints={checkpoints} newest={picture.status.version} />
        <Layers spec={spec} />
      </div>
      <Checkpoints task={task} checkpoints={checkpoints} />
    </>
  );
}

function Layers({ spec }: Pick<ShownTask, 'spec'>): JSX.Element {
  const t = adminWords().model;
  const { size } = modelOf(spec).layout;
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t.layers}</h2>
        <span class="muted small">{'zoo' in spec.model ? spec.model.zoo : ''}</span>
      </div>
      <WideTable name={t.layers}>
        <Table
          caption={t.layers}
          columns={[
            { name: t.layer, isHead: true, cell: ({ name }) => <code>{name}</code> },
            { name: t.kind, cell: ({ kind }) => kind },
            {
              name: t.output,
              isNumeric: true,
              cell: ({ output }) => output.map((side) => formatNumber(side)).join(' × '),
            },
            { name: t.parameters, isNumeric: true, cell: ({ parameters }) => formatNumber(parameters) },
          ]}
          rows={layerRows(topologyOf(spec))}
          keyOf={({ name }) => name}
        />
      </WideTable>
      <p class="muted small">{t.total(formatNumber(size), formatBytes(size * 4))}</p>
    </section>
  );
}
