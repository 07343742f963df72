import type { JSX } from 'preact';
import { bytesToHex } from '../../../shared/hash.ts';
import { secureRng } from '../../../shared/rng.ts';
import { CheckField, Field, NumberField, SelectField, TextField } from '../../ui/index.ts';
import { adminWords } from '../words/index.ts';
import { type Bounds, boundsOf } from './bounds.ts';
import { change, changeModel, type Draft, hasOwnTopology, kindIn, type TextPath, valueAt, withText } from './draft.ts';
import { ModelFilesField } from './model-files-field.tsx';
import type { FieldProblems } from './problems.ts';
import type { FieldPath, SpecField } from './sections.ts';

export interface SpecFieldProps {
  readonly field: SpecField;
  readonly draft: Draft;
  readonly problems: FieldProblems;
  readonly onChange: (draft: Draft, path: FieldPath) => void;
}

/** The name of a choice: by its field where the same value means different things in two, else by itself. */
export function choiceName(path: string, value: string): string {
  const { choices } = adminWords();
  const own = `${path.split('.').at(-1)}.${value}`;
  if (Object.hasOwn(choices, own)) return choices[own] ?? value;
  return Object.hasOwn(choices, value) ? (choices[value] ?? value) : value;
}

/** One field of the form, as its kind asks. `data-field` lets the summary lead to it. */
export function SpecFieldInput(props: SpecFieldProps): JSX.Element {
  return (
    <div data-field={props.field.path} class={`spec-field kind-${props.field.kind}`}>
      <Input {...props} />
    </div>
  );
}

function Input({ field: { path, kind }, draft, problems, onChange }: SpecFieldProps): JSX.Element {
  const [label, help] = adminWords().fields[path];
  const shared = { label, help, problem: problems.get(path) };
  const value = valueAt(draft.spec, path);
  const set = (next: unknown): void => onChange(change(draft, path, next), path);
  switch (kind) {
    case 'text':
      return <TextField {...shared} value={String(value ?? '')} onChange={set} />;
    case 'number':
      return <NumberInput {...shared} bounds={boundsOf(path, kindIn(draft))} value={value} onChange={set} />;
    case 'seconds':
      return (
        <NumberField
          {...shared}
          unit={adminWords().form.secondsUnit}
          value={typeof value === 'number' ? value / 1000 : null}
          onChange={(seconds) => set(seconds === null ? null : Math.round(seconds * 1000))}
        />
      );
    case 'choice':
      return (
        <ChoiceInput {...shared} path={path} bounds={boundsOf(path, kindIn(draft))} value={value} onChange={set} />
      );
    case 'flag':
      return <CheckField {...shared} isChecked={value === true} onChange={(isOn) => set(isOn ? true : undefined)} />;
    case 'lines':
      return (
        <TextField
          {...shared}
          lines={path === 'data.labels' || path === 'data.items' ? 5 : 2}
          value={draft.texts[path as TextPath]}
          onChange={(text) => onChange(withText(draft, path as TextPath, text), path)}
        />
      );
    case 'json':
      return (
        <TextField
          {...shared}
          lines={8}
          value={draft.texts[path as TextPath]}
          onChange={(text) => onChange(withText(draft, path as TextPath, text), path)}
        />
      );
    case 'shape':
      return <ShapeInput {...shared} value={value} onChange={set} />;
    case 'model':
      return <ModelInput draft={draft} problems={problems} onChange={onChange} />;
    case 'amount':
      return <AmountInput draft={draft} problems={problems} onChange={onChange} />;
    case 'secret':
      return <JoinTokenInput {...shared} value={value} onChange={set} />;
  }
}

interface InputProps {
  readonly label: string;
  readonly help: string;
  readonly problem: string | undefined;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** A field that may be absent is so where nothing is written. */
function NumberInput({ bounds, value, onChange, ...shared }: InputProps & { readonly bounds: Bounds }): JSX.Element {
  const { minimum, maximum, isWhole, isOptional } = bounds;
  return (
    <NumberField
      {...shared}
      onChange={(next) => onChange(next === null && isOptional ? undefined : next)}
      value={typeof value === 'number' ? value : null}
      step={isWhole ? 1 : 'any'}
      {...(minimum === null ? {} : { minimum })}
      {...(maximum === null ? {} : { maximum })}
    />
  );
}

interface ChoiceProps extends InputProps {
  readonly path: string;
  readonly bounds: Bounds;
}

function ChoiceInput({ path, bounds, value, onChange, ...shared }: ChoiceProps): JSX.Element {
  const { options, isOptional } = bounds;
  const names = options.map((option) => ({ value: option, name: choiceName(path, option) }));
  return (
    <SelectField
      {...shared}
      value={typeof value === 'string' ? value : ''}
      options={isOptional ? [...names, { value: '', name: choiceName(path, 'none') }] : names}
      onChange={(next) => onChange(next === '' ? undefined : next)}
    />
  );
}

/** Three numbers under one name. */
function ShapeInput({ value, onChange, label, ...shared }: InputProps): JSX.Element {
  const sides = Array.isArray(value) ? value : [];
  const names = label.split(/[,、] ?/);
  return (
    <Field label={label} {...shared}>
      {(wiring) => (
        <span class="shape">
          {[0, 1, 2].map((index) => (
            <input
              {...wiring}
              key={index}
              id={index === 0 ? wiring.id : `${wiring.id}-${index}`}
              aria-label={names[index]}
              type="number"
              inputMode="numeric"
              min={1}
              value={typeof sides[index] === 'number' ? sides[index] : ''}
              onInput={({ currentTarget: { valueAsNumber } }) =>
                onChange(sides.with(index, Number.isNaN(valueAsNumber) ? null : valueAsNumber))
              }
            />
          ))}
        </span>
      )}
    </Field>
  );
}

type PartProps = Pick<SpecFieldProps, 'draft' | 'problems' | 'onChange'>;

const OWN = 'own';

function ModelInput({ draft, problems, onChange }: PartProps): JSX.Element {
  const t = adminWords();
  const isOwn = hasOwnTopology(draft);
  const [label, help] = t.fields['model.zoo'];
  const [topologyLabel, topologyHelp] = t.fields['model.topology'];
  const zoo = boundsOf('model.zoo').options;
  return (
    <>
      <SelectField
        label={label}
        help={help}
        problem={problems.get('model.zoo')}
        value={isOwn ? OWN : String(valueAt(draft.spec, 'model.zoo'))}
        options={[...zoo, OWN].map((value) => ({ value, name: choiceName('model.zoo', value) }))}
        onChange={(value) => onChange(changeModel(draft, value === OWN ? null : value), 'model.zoo')}
      />
      {isOwn && (
        <div class="topology">
          <ModelFilesField draft={draft} onChange={(next) => onChange(next, 'model.topology')} />
          <div data-field="model.topology">
            <TextField
              label={topologyLabel}
              help={topologyHelp}
              problem={problems.get('model.topology')}
              lines={12}
              value={draft.texts['model.topology']}
              onChange={(text) => onChange(withText(draft, 'model.topology', text), 'model.topology')}
            />
          </div>
        </div>
      )}
    </>
  );
}

/** Epochs or steps: one of the two. One step on all examples leaves nothing to choose. */
function AmountInput({ draft, problems, onChange }: PartProps): JSX.Element {
  const t = adminWords();
  const [label, help] = t.fields['client.amount'];
  const unit = valueAt(draft.spec, 'client.maxSteps') === undefined ? 'epochs' : 'maxSteps';
  const path = `client.${unit}` as const;
  const value = valueAt(draft.spec, path);
  const isDisabled = valueAt(draft.spec, 'client.work') === 'full-batch';
  const change_ = (next: Draft): void => onChange(next, 'client.amount');
  return (
    <div class="amount">
      <NumberField
        label={label}
        help={help}
        problem={problems.get('client.amount')}
        isDisabled={isDisabled}
        value={typeof value === 'number' ? value : null}
        step={1}
        minimum={1}
        onChange={(count) => change_(change(draft, path, count))}
      />
      <select
        aria-label={`${t.choices['epochs']} / ${t.choices['maxSteps']}`}
        disabled={isDisabled}
        value={unit}
        onChange={({ currentTarget }) => {
          const other = currentTarget.value === 'epochs' ? 'client.epochs' : 'client.maxSteps';
          if (other !== path)
            change_(change(change(draft, path, undefined), other, other === 'client.epochs' ? 1 : 100));
        }}
      >
        <option value="epochs">{t.choices['epochs']}</option>
        <option value="maxSteps">{t.choices['maxSteps']}</option>
      </select>
    </div>
  );
}

const newToken = (): string => bytesToHex(secureRng.bytes(12));

function JoinTokenInput({ value, onChange, ...shared }: InputProps): JSX.Element {
  const t = adminWords().form;
  const isClosed = value !== undefined;
  return (
    <>
      <CheckField
        label={t.closed}
        isChecked={isClosed}
        onChange={(closed) => onChange(closed ? newToken() : undefined)}
      />
      {isClosed && (
        <div class="join-token">
          <TextField {...shared} value={String(value)} onChange={onChange} />
          <button type="button" onClick={() => onChange(newToken())}>
            {t.makeToken}
          </button>
        </div>
      )}
    </>
  );
}
