// A number chosen by sliding, on a linear or a logarithmic scale.
import { useId } from "preact/hooks";

interface SliderProps {
  readonly label: string;
  /** A signal, or what reads and writes some. */
  readonly value: { value: number };
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly logarithmic?: boolean;
  readonly format?: (value: number) => string;
  readonly onInput?: (value: number) => void;
}

const positions = 1000;

export function Slider({ label, value, min, max, step, logarithmic, format, onInput }: SliderProps) {
  const id = useId();
  const text = (format ?? ((x: number) => String(Number(x.toPrecision(3)))))(value.value);
  const ratio = Math.log(max / min);
  const range = logarithmic
    ? { min: 0, max: positions, step: 1, at: Math.round((positions * Math.log(value.value / min)) / ratio) }
    : { min, max, step: step ?? 1, at: value.value };
  return (
    <div class="field">
      <label class="label" for={id}>
        {label} <output>{text}</output>
      </label>
      <input
        id={id}
        type="range"
        min={range.min}
        max={range.max}
        step={range.step}
        value={range.at}
        aria-valuetext={text}
        onInput={({ currentTarget }) => {
          const at = Number(currentTarget.value);
          value.value = logarithmic ? min * Math.exp((at / positions) * ratio) : at;
          onInput?.(value.value);
        }}
      />
    </div>
  );
}
