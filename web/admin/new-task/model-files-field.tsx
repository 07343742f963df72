import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { ImportProblem } from '../../../shared/model/import/problem.ts';
import { Field, formatBytes, formatNumber, Icon } from '../../ui/index.ts';
import { adminWords } from '../words/index.ts';
import { type Draft, withModel } from './draft.ts';
import { type BroughtFiles, readModelFiles } from './model-files.ts';

/** What came of the last choice; told for as long as the topology is the one that it was told of. */
type Outcome = { readonly text: string } & (
  | { readonly kind: 'taken'; readonly brought: BroughtFiles }
  | { readonly kind: 'refused'; readonly problems: readonly ImportProblem[] }
);

/** Brings a model of one's own: its files are read, and either all of it is in the form or nothing. */
export function ModelFilesField(props: {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
}): JSX.Element {
  const { draft, onChange } = props;
  const t = adminWords();
  const [label, help] = t.fields['model.files'];
  const input = useRef<HTMLInputElement>(null);
  const outcome = useSignal<Outcome | null>(null);
  const text = draft.texts['model.topology'];
  const told = outcome.value?.text === text ? outcome.value : null;

  async function choose(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const read = await readModelFiles(files);
    if (!read.ok) {
      outcome.value = { kind: 'refused', text, problems: read.failure };
      return;
    }
    const next = withModel(draft, { topology: read.value.model.topology, weights: read.value.weights });
    outcome.value = { kind: 'taken', text: next.texts['model.topology'], brought: read.value };
    onChange(next);
  }

  return (
    <div class="model-files">
      <Field label={label} help={help}>
        {(wiring) => (
          <>
            <input
              {...wiring}
              class="visually-hidden"
              ref={input}
              type="file"
              multiple
              tabIndex={-1}
              onChange={(event) => {
                const files = [...(event.currentTarget.files ?? [])];
                // The same files can be chosen again once they are mended.
                event.currentTarget.value = '';
                void choose(files);
              }}
            />
            <button type="button" onClick={() => input.current?.click()}>
              <Icon name="upload" />
              {t.ownModel.choose}
            </button>
          </>
        )}
      </Field>
      {told?.kind === 'refused' && <Refused problems={told.problems} />}
      {told?.kind === 'taken' && <Taken brought={told.brought} />}
    </div>
  );
}

function Refused({ problems }: { readonly problems: readonly ImportProblem[] }): JSX.Element {
  const t = adminWords().ownModel;
  return (
    <div class="small import-outcome" role="alert">
      <p class="problem">{t.refused}</p>
      <ul class="plain-list import-problems">
        {problems.map(({ path, code, detail: [one, other] }) => (
          <li key={`${path} ${code} ${one}`}>
            {path !== '' && <code>{path}</code>} {t.problems[code](one, other)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Taken({ brought: { model, weights } }: { readonly brought: BroughtFiles }): JSX.Element {
  const t = adminWords().ownModel;
  const { shape, topology, notes } = model;
  const sides = (numbers: readonly number[]): string => numbers.map((side) => formatNumber(side)).join(' × ');
  return (
    <div class="small import-outcome import-taken" role="status">
      <p>{t.taken(sides(topology.input), sides(shape.output), formatNumber(shape.layout.size))}</p>
      <p>{weights === null ? t.noWeights : t.weights(formatBytes(weights.byteLength))}</p>
      {notes.map(({ code, layer }) => (
        <p key={`${code} ${layer}`}>{t.notes[code](layer)}</p>
      ))}
    </div>
  );
}
