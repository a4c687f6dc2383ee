// A part of the page's state that a link holds: a signal and how it is written in an address.
import { type Signal, signal } from "@preact/signals";

/** How the address sees it. */
export interface Entry {
  /** What the link says; undefined for the initial value, which links leave out. */
  text(): string | undefined;
  /** Takes over what a link says; anything that is no value, or nothing, gives the initial one. */
  read(text: string | undefined): void;
}

export interface Stored<T> extends Entry {
  readonly value: Signal<T>;
}

interface Codec<T> {
  encode(value: T): string;
  decode(text: string): T | undefined;
}

export function stored<T>(initial: T, { encode, decode }: Codec<T>): Stored<T> {
  const value = signal(initial);
  return {
    value,
    text: () => (encode(value.value) === encode(initial) ? undefined : encode(value.value)),
    read: (text) => {
      value.value = (text === undefined ? undefined : decode(text)) ?? initial;
    },
  };
}

/** One of some words. */
export const storedChoice = <T extends string>(initial: T, options: readonly T[]): Stored<T> =>
  stored<T>(initial, {
    encode: (value) => value,
    decode: (text) => options.find((option) => option === text),
  });

export const storedToggle = (initial: boolean): Stored<boolean> =>
  stored(initial, {
    encode: (value) => (value ? "1" : "0"),
    decode: (text) => ({ "1": true, "0": false })[text],
  });

export const storedText = (initial: string): Stored<string> =>
  stored(initial, { encode: (value) => value, decode: (text) => text });

interface Range {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
}

/** A number, kept within its range. */
export const storedNumber = (initial: number, { min, max, integer = false }: Range): Stored<number> =>
  stored(initial, {
    encode: (value) => String(Number(value.toPrecision(6))),
    decode: (text) => {
      const value = Number(text);
      if (text === "" || !Number.isFinite(value) || (integer && !Number.isInteger(value))) return undefined;
      return Math.min(max, Math.max(min, value));
    },
  });

type Table = Readonly<Record<string, Pick<Stored<unknown>, "value">>>;

/** The signals of a table of stored parts, by the same names. */
export const signalsOf = <T extends Table>(table: T) =>
  Object.fromEntries(Object.entries(table).map(([name, { value }]) => [name, value])) as {
    readonly [K in keyof T]: T[K]["value"];
  };
