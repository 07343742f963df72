import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { TaskId } from '../../../shared/ids.ts';
import { formatMeasure, formatNumber, Icon, SelectField, showToast } from '../../ui/index.ts';
import type { Checkpoint } from '../answers.ts';
import { CopiedText } from '../copied-text.tsx';
import { fetchModel, type ModelFormat, modelAddress, saveFile } from '../download.ts';
import { adminWords } from '../words/index.ts';

export function ModelDownload(props: {
  readonly task: TaskId;
  readonly checkpoints: readonly Checkpoint[];
  readonly newest: number;
}): JSX.Element {
  const { task, checkpoints, newest } = props;
  const t = adminWords().model;
  /** null: the newest, whichever that is by then. */
  const chosen = useSignal<number | null>(null);
  const format = useSignal<ModelFormat>('tfjs');
  const isBusy = useSignal(false);
  const others = checkpoints.filter(({ kept, version }) => kept && version < newest).reverse();
  const version = chosen.value ?? newest;
  const name = (checkpoint: Checkpoint): string =>
    [formatNumber(checkpoint.version), ...(checkpoint.metrics ? [formatMeasure(checkpoint.metrics)] : [])].join(' · ');

  async function download(): Promise<void> {
    isBusy.value = true;
    const file = await fetchModel(task, version, format.value);
    isBusy.value = false;
    if (file === null) showToast(t.downloadFailed, 'problem');
    else saveFile(file);
  }

  return (
    <section class="card model-download">
      <h2>{t.downloadTitle}</h2>
      <SelectField
        label={t.version}
        value={chosen.value === null ? 'newest' : String(chosen.value)}
        options={[
          { value: 'newest', name: t.newest(formatNumber(newest)) },
          ...others.map((checkpoint) => ({ value: String(checkpoint.version), name: name(checkpoint) })),
        ]}
        onChange={(value) => {
          chosen.value = value === 'newest' ? null : Number(value);
        }}
      />
      <SelectField
        label={t.format}
        value={format.value}
        options={(['tfjs', 'npz'] as const).map((value) => ({ value, name: t.formats[value] }))}
        onChange={(value) => {
          format.value = value;
        }}
      />
      <div>
        <button type="button" class="primary" disabled={isBusy.value} onClick={download}>
          <Icon name="download" size={18} />
          {isBusy.value ? t.downloading : t.download}
        </button>
      </div>
      <div>
        <p class="muted small">{t.loadFrom}</p>
        <CopiedText
          name={t.address}
          text={location.origin + modelAddress(task, version, format.value === 'npz' ? 'model.npz' : 'model.json')}
        />
      </div>
    </section>
  );
}
