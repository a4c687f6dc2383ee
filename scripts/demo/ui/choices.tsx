// Choices: one of many in a menu, one of a few side by side, yes or no.
import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: Signal<T>;
  /** What may be chosen, and how it is called. */
  readonly options: Readonly<Record<T, string>>;
}

const entries = <T extends string>(options: Readonly<Record<T, string>>) =>
  Object.entries(options) as [T, string][];

/** One of many, in a menu. */
export function Select<T extends string>({ label, value, options }: ChoiceProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <select
        id={id}
        value={value.value}
        onChange={({ currentTarget }) => {
          value.value = currentTarget.value as T;
        }}
      >
        {entries(options).map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** One of a few, side by side. */
export function Segmented<T extends string>({ label, value, options }: ChoiceProps<T>) {
  const group = useId();
  return (
    <fieldset class="segmented">
      <legend class="legend">{label}</legend>
      <div class="options">
        {entries(options).map(([name, text]) => (
          <label key={name}>
            <input
              type="radio"
              name={group}
              checked={value.value === name}
              onChange={() => {
                value.value = name;
              }}
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface ToggleProps {
  readonly label: string;
  readonly value: Signal<boolean>;
  /** The colour in which it is shown, as one of the tokens. */
  readonly swatch?: "ink" | "quiet" | "blue" | "orange" | "green";
}

export const Toggle = ({ label, value, swatch }: ToggleProps) => (
  <label class="toggle">
    <input
      type="checkbox"
      checked={value.value}
      onChange={({ currentTarget }) => {
        value.value = currentTarget.checked;
      }}
    />
    {swatch && <span class={`swatch ${swatch}`} />}
    {label}
  </label>
);
