// Whole numbers on scales that know others.
import type { Signal } from "@preact/signals";

/** A signal that a slider moves along any scale, and that stays whole. */
export const whole = (number: Signal<number>): Pick<Signal<number>, "value"> => ({
  get value() {
    return number.value;
  },
  set value(chosen) {
    number.value = Math.round(chosen);
  },
});
