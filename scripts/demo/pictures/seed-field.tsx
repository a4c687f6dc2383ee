// A seed: a whole number, and the next one by a button.
import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Button } from "../ui/button.tsx";

interface SeedProps {
  readonly label: string;
  readonly value: Signal<number>;
}

const MOST = 2 ** 31;

export function SeedField({ label, value }: SeedProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class="row seed">
        <input
          id={id}
          type="number"
          min={0}
          max={MOST}
          value={value.value}
          onChange={({ currentTarget }) => {
            const seed = currentTarget.valueAsNumber;
            if (Number.isInteger(seed) && seed >= 0 && seed <= MOST) value.value = seed;
            else currentTarget.value = String(value.peek());
          }}
        />
        <Button
          label={`${label}: the next one`}
          onClick={() => {
            value.value = (value.peek() + 1) % MOST;
          }}
        >
          Next
        </Button>
      </div>
    </div>
  );
}
