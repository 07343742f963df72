import type { JSX } from 'preact';
import { formatCompact, SelectField } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';

export interface LabelKeysProps {
  readonly labels: readonly string[];
  /** How many examples there are of each. */
  readonly perLabel: readonly number[];
  /** The label that drawings are kept as without another press. */
  readonly armed: number | null;
  readonly onPress: (label: number) => void;
}

/** Above so many labels keys are no help: a list is. */
const KEYS_COUNT = 40;

/** One key a label, over each a bar of how many examples there are of it. */
export function LabelKeys({ labels, perLabel, armed, onPress }: LabelKeysProps): JSX.Element {
  const t = contributeWords().examples;
  const most = Math.max(1, ...perLabel);
  if (labels.length > KEYS_COUNT) {
    return (
      <SelectField
        label={t.labels}
        value=""
        options={[
          { value: '', name: contributeWords().upload.choose },
          ...labels.map((name, label) => ({ value: String(label), name })),
        ]}
        onChange={(value) => value !== '' && onPress(Number(value))}
      />
    );
  }
  return (
    <fieldset class={`label-keys${labels.some((name) => name.length > 2) ? ' wide' : ''}`} aria-label={t.labels}>
      {labels.map((name, label) => (
        <div class="label-key" key={name}>
          <span class="label-bar" aria-hidden="true">
            <span style={{ height: `${((perLabel[label] ?? 0) / most) * 100}%` }} />
          </span>
          <button
            type="button"
            aria-label={t.label(name)}
            aria-pressed={armed === label}
            onClick={() => onPress(label)}
          >
            {name}
          </button>
          <span class="label-count" aria-hidden="true">
            {formatCompact(perLabel[label] ?? 0)}
          </span>
        </div>
      ))}
    </fieldset>
  );
}
