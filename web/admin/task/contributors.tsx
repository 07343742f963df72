import type { JSX } from 'preact';
import type { Contributor } from '../../../shared/protocol/admin-events.ts';
import { formatNumber, MISSING, Table } from '../../ui/index.ts';
import { type ShownTask, useDashboard } from '../shown.ts';
import { WideTable } from '../wide-table.tsx';
import { adminWords } from '../words/index.ts';

/** Who is there now. */
export function Contributors({ task: { picture } }: { readonly task: ShownTask }): JSX.Element {
  const t = adminWords().contributors;
  const isLive = useDashboard().connection.value.kind === 'live';
  const { contributors, contributorsCount, status } = picture;
  const inState = (state: Contributor['state']) => contributors.filter((one) => one.state === state).length;
  const isCut = contributors.length < contributorsCount;
  const quiet = isCut ? 0 : Math.max(0, status.online - contributorsCount);
  const summary = [
    t.online(formatNumber(status.online)),
    ...(isCut
      ? [t.shown(formatNumber(contributors.length), formatNumber(contributorsCount))]
      : [t.assigned(formatNumber(inState('assigned'))), t.available(formatNumber(inState('available')))]),
  ];
  return (
    <>
      <p class="muted">{summary.join(' · ')}</p>
      <WideTable name={t.caption}>
        <Table
          caption={t.caption}
          columns={[
            { name: t.client, isHead: true, cell: ({ client }) => <code>{client}</code> },
            { name: t.state, cell: (one) => stateName(one) },
            { name: t.backend, cell: ({ backend }) => backendName(backend) },
            { name: t.examples, isNumeric: true, cell: ({ examples }) => formatNumber(examples) },
          ]}
          rows={contributors}
          keyOf={({ client }) => client}
          empty={isLive ? t.empty : t.notLive}
        />
      </WideTable>
      {quiet > 0 && <p class="muted small">{t.quiet(formatNumber(quiet))}</p>}
      <p class="muted small">{t.note}</p>
    </>
  );
}

function stateName({ state, phase }: Contributor): string {
  const t = adminWords().contributors;
  const name = phase !== null && Object.hasOwn(t.phases, phase) ? t.phases[phase] : undefined;
  return name === undefined ? t.states[state] : `${t.states[state]}: ${name}`;
}

const BACKENDS: Readonly<Record<string, string>> = {
  webgl: 'WebGL',
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  cpu: 'CPU',
};
const backendName = (backend: string | null): string =>
  backend === null ? MISSING : Object.hasOwn(BACKENDS, backend) ? (BACKENDS[backend] ?? backend) : backend;
