import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import {
  Bars,
  CheckField,
  Dialog,
  FieldGroup,
  formatNumber,
  formatShare,
  LineChart,
  NumberField,
  Ring,
  RingLegend,
  SelectField,
  Sparkline,
  showToast,
  Table,
  TextField,
} from '../../ui/index.ts';
import { crowd, gathering, status } from './stories.ts';

const YOU = { slot: 2, state: 'training', share: 0.6 } as const;

/** Each shared part once, in its states. */
export function Parts(): JSX.Element {
  const isOpen = useSignal(false);
  const title = useSignal('Handwritten digits');
  const goal = useSignal<number | null>(3);
  const x = useMemo(() => Array.from({ length: 37 }, (_, index) => index + 1), []);
  const accuracy = useMemo(() => x.map((round) => (round === 20 ? null : 1 - 0.9 * Math.exp(-round / 6))), [x]);
  const loss = useMemo(() => x.map((round) => 2.3 * Math.exp(-round / 8) + 0.13), [x]);
  const small = status.round && { ...status.round, members: status.round.members?.slice(0, 3) ?? null };
  const sixty = status.round && {
    ...status.round,
    members: Array.from({ length: 60 }, (_, slot) => ({
      slot,
      state: (['training', 'done', 'downloading', 'waiting'] as const)[slot % 4] ?? 'waiting',
      share: (slot % 10) / 10,
    })),
  };
  return (
    <main id="main" class="column">
      <h1>Parts</h1>
      <section class="step">
        <div class="charts">
          <Ring size="large" round={status.round} version={37} score={{ accuracy: 0.962 }} you={YOU} />
          <Ring size="large" round={crowd.round} version={37} score={{ accuracy: 0.962 }} you={{ ...YOU, slot: 704 }} />
          <Ring size="medium" round={gathering.round} version={37} score={null} />
          <Ring size="medium" round={sixty} version={0} score={{ accuracy: 0.098 }} you={YOU} />
        </div>
        <div class="row">
          <Ring size="tiny" round={small} version={37} score={{ accuracy: 0.962 }} you={YOU} />
          <Ring size="tiny" round={status.round} version={37} score={{ accuracy: 0.962 }} you={YOU} />
          <Ring size="tiny" round={crowd.round} version={37} score={{ accuracy: 0.962 }} />
          <Ring size="tiny" round={null} version={37} score={{ accuracy: 0.962 }} />
          <Sparkline values={accuracy} />
        </div>
        <RingLegend round={status.round} />
      </section>
      <section class="step">
        <div class="charts">
          <LineChart
            title="Accuracy"
            xName="round"
            x={x}
            series={[{ name: 'accuracy', values: accuracy, tone: 'accent', format: (value) => formatShare(value, 0) }]}
          />
          <LineChart
            title="Accuracy and loss by round"
            xName="round"
            x={x}
            series={[
              { name: 'accuracy', values: accuracy, tone: 'accent', format: (value) => formatShare(value, 0) },
              { name: 'loss', values: loss, tone: 'grey', format: (value) => formatNumber(value, 1) },
            ]}
          />
          <LineChart title="Nothing yet" xName="round" x={[]} series={[]} empty="Drawn with the first round" />
          <Bars
            caption="Funnel"
            bars={[
              { name: 'selected', share: 1, value: '14', tone: 'grey' },
              { name: 'training', share: 0.36, value: '5', tone: 'training' },
              { name: 'accepted', share: 0.21, value: '3', tone: 'done' },
            ]}
          />
        </div>
      </section>
      <section class="step">
        <FieldGroup name="Rounds" help="How many contributors a round waits for.">
          <TextField label="Task name" value={title.value} onChange={(value) => (title.value = value)} />
          <NumberField
            label="Goal"
            help="A round starts as soon as so many are there."
            problem={goal.value === null ? 'must be a whole number' : undefined}
            value={goal.value}
            minimum={1}
            unit="contributors"
            onChange={(value) => (goal.value = value)}
          />
          <SelectField
            label="Strategy"
            value="fedavg"
            options={[
              { value: 'fedavg', name: 'FedAvg' },
              { value: 'fedsgd', name: 'FedSGD' },
            ]}
            onChange={() => {}}
          />
          <NumberField label="Minimum" problem="must not be above the goal" value={5} onChange={() => {}} />
          <CheckField label="By invitation only" help="A join token is made." isChecked onChange={() => {}} />
        </FieldGroup>
      </section>
      <section class="step">
        <div class="row">
          <button type="button" class="primary" onClick={() => (isOpen.value = true)}>
            Dialog
          </button>
          <button type="button" onClick={() => showToast('Saved. Nothing else to do.')}>
            Toast
          </button>
          <button type="button" onClick={() => showToast('The disk is full. Nothing was lost.', 'problem')}>
            Problem
          </button>
          <button type="button" class="quiet">
            Quiet
          </button>
          <button type="button" class="danger">
            Danger
          </button>
          <button type="button" disabled>
            Disabled
          </button>
        </div>
        <Dialog
          isOpen={isOpen.value}
          title="Roll back?"
          onClose={() => (isOpen.value = false)}
          actions={
            <button type="button" class="primary" onClick={() => (isOpen.value = false)}>
              Good
            </button>
          }
        >
          <p>A new version is made with the numbers of version 30.</p>
        </Dialog>
      </section>
      <section class="step">
        <Table
          caption="Latest rounds"
          showCaption
          columns={[
            { name: 'Round', isHead: true, cell: (row: number) => row },
            { name: 'Outcome', cell: (row) => `version ${String(row)}` },
            { name: 'Accuracy', isNumeric: true, cell: () => formatShare(0.962) },
          ]}
          rows={[37, 36, 35]}
          keyOf={(row) => row}
        />
      </section>
    </main>
  );
}
