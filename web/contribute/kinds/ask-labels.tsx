import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog, SelectField } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';

/** Something that was brought and has no label yet. */
export interface Unlabelled {
  /** Of its file. */
  readonly name: string;
  readonly features: Uint8Array;
  /** The label that its name seems to say. */
  readonly guess: number | null;
}

export interface AskLabelsProps {
  readonly title: string;
  readonly lead: string;
  /** What each field is called. */
  readonly each: (name: string) => string;
  readonly labels: readonly string[];
  readonly items: readonly Unlabelled[];
  readonly shown: (features: Uint8Array) => JSX.Element;
  readonly onAdd: (chosen: readonly { readonly features: Uint8Array; readonly label: number }[]) => void;
  readonly onClose: () => void;
}

/** Shows what the model will see of each, and asks what it is. */
export function AskLabels({ items, labels, onAdd, onClose, shown, ...words }: AskLabelsProps): JSX.Element {
  const t = contributeWords().upload;
  const [chosen, setChosen] = useState<readonly (number | null)[]>(items.map(({ guess }) => guess));
  const options = [{ value: '', name: t.choose }, ...labels.map((name, label) => ({ value: String(label), name }))];
  const labelOf = (value: string): number | null => (value === '' ? null : Number(value));
  const isAll = chosen.every((label) => label === chosen[0]);
  const add = (): void => {
    onClose();
    onAdd(
      items.flatMap(({ features }, index) => {
        const label = chosen[index];
        return label === null || label === undefined ? [] : [{ features, label }];
      }),
    );
  };
  return (
    <Dialog
      isOpen
      title={words.title}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="quiet" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="button" class="primary" disabled={chosen.includes(null)} onClick={add}>
            {t.add}
          </button>
        </>
      }
    >
      <p class="muted small">{words.lead}</p>
      {items.length > 1 && (
        <SelectField
          label={t.all}
          value={isAll ? String(chosen[0] ?? '') : ''}
          options={options}
          onChange={(value) => setChosen(items.map(() => labelOf(value)))}
        />
      )}
      <ul class="upload-list">
        {items.map(({ name, features }, index) => (
          <li key={`${name}-${String(index)}`}>
            {shown(features)}
            <SelectField
              label={words.each(name)}
              value={String(chosen[index] ?? '')}
              options={options}
              onChange={(value) => setChosen(chosen.map((old, at) => (at === index ? labelOf(value) : old)))}
            />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
