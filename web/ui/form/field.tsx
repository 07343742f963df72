import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  /** One sentence under the label. */
  readonly help?: string | undefined;
  /** What is wrong with the value; stands beside the field and marks it. */
  readonly problem?: string | undefined;
  readonly isDisabled?: boolean | undefined;
}

/** What the control inside a field must carry, so that label, help and problem belong to it. */
interface Wiring {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': 'true' | undefined;
  readonly disabled: boolean;
}

/** Label, help and problem around any control. The typed fields below are made of it. */
export function Field(props: FieldProps & { readonly children: (wiring: Wiring) => ComponentChildren }): JSX.Element {
  const { label, help, problem, isDisabled = false, children } = props;
  const id = useId();
  const describedBy = [help && `${id}-help`, problem && `${id}-problem`].filter(Boolean).join(' ') || undefined;
  return (
    <div class={`field${problem ? ' has-problem' : ''}`}>
      <label for={id}>{label}</label>
      {help && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {children({
        id,
        'aria-describedby': describedBy,
        'aria-invalid': problem ? 'true' : undefined,
        disabled: isDisabled,
      })}
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

export interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isSecret?: boolean;
  readonly autocomplete?: string;
  readonly placeholder?: string;
  /** More than one line. */
  readonly lines?: number;
}
export function TextField({
  value,
  onChange,
  isSecret = false,
  autocomplete,
  placeholder,
  lines = 1,
  ...field
}: TextFieldProps) {
  return (
    <Field {...field}>
      {(wiring) =>
        lines > 1 ? (
          <textarea {...wiring} rows={lines} value={value} onInput={(event) => onChange(event.currentTarget.value)} />
        ) : (
          <input
            {...wiring}
            type={isSecret ? ('password' as 'text') : 'text'}
            value={value}
            autocomplete={autocomplete ?? 'off'}
            placeholder={placeholder}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export interface NumberFieldProps extends FieldProps {
  /** null: empty, or not a number yet. */
  readonly value: number | null;
  readonly onChange: (value: number | null) => void;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly step?: number | 'any';
  /** Stands behind the value. */
  readonly unit?: string;
  readonly placeholder?: string;
}
export function NumberField(props: NumberFieldProps) {
  const { value, onChange, minimum, maximum, step = 'any', unit, placeholder, ...field } = props;
  return (
    <Field {...field}>
      {(wiring) => (
        <span class="with-unit">
          <input
            {...wiring}
            type="number"
            inputMode="decimal"
            value={value === null ? '' : String(value)}
            min={minimum}
            max={maximum}
            step={step}
            placeholder={placeholder}
            onInput={(event) => {
              const { value: text, valueAsNumber } = event.currentTarget;
              onChange(text === '' || Number.isNaN(valueAsNumber) ? null : valueAsNumber);
            }}
          />
          {unit && <span class="unit">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

export interface SelectFieldProps<Value extends string> extends FieldProps {
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly name: string }[];
  readonly onChange: (value: Value) => void;
}
export function SelectField<Value extends string>({ value, options, onChange, ...field }: SelectFieldProps<Value>) {
  return (
    <Field {...field}>
      {(wiring) => (
        <select
          {...wiring}
          value={value}
          onChange={(event) => {
            const chosen = options.find((option) => option.value === event.currentTarget.value);
            if (chosen) onChange(chosen.value);
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface CheckFieldProps extends FieldProps {
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}
export function CheckField({ label, help, problem, isDisabled = false, isChecked, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <div class={`field check${problem ? ' has-problem' : ''}`}>
      <label>
        <input
          type="checkbox"
          checked={isChecked}
          disabled={isDisabled}
          aria-describedby={help || problem ? id : undefined}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {label}
      </label>
      {(help || problem) && (
        <p class={problem ? 'problem' : 'help'} id={id}>
          {problem ?? help}
        </p>
      )}
    </div>
  );
}

/** Fields that belong together, under one name. */
export function FieldGroup(props: {
  readonly name: string;
  readonly help?: string;
  readonly children: ComponentChildren;
}) {
  return (
    <fieldset class="field-group">
      <legend>{props.name}</legend>
      {props.help && <p class="help">{props.help}</p>}
      <div class="fields">{props.children}</div>
    </fieldset>
  );
}
