// Command-line options as a table: each has a flag, a sentence and a schema that checks and types its value.
import { z } from "zod";
import { UsageError } from "../../lib/errors.ts";

export interface Option<T> {
  /** As in the help, such as `--steps <n>`. */
  readonly flag: string;
  readonly help: string;
  readonly schema: z.ZodType<T>;
}

export type Options = Readonly<Record<string, Option<unknown>>>;
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

const option = <T>(flag: string, help: string, schema: z.ZodType<T>): Option<T> => ({ flag, help, schema });

const notWhole = (least: number) => `expected a whole number from ${least}`;

const whole = (least: number) =>
  z.coerce
    .number(notWhole(least))
    .int(notWhole(least))
    .min(least, notWhole(least))
    .max(2 ** 31, `expected a whole number up to ${2 ** 31}`);

export const count = (flag: string, help: string): Option<number | undefined> =>
  option(flag, help, whole(1).optional());

export const index = (flag: string, help: string): Option<number | undefined> =>
  option(flag, help, whole(0).optional());

export const indexOrNone = (flag: string, help: string): Option<number | "none" | undefined> =>
  option(flag, help, z.union([z.literal("none"), whole(0)], `${notWhole(0)} or none`).optional());

export const amount = (flag: string, help: string): Option<number | undefined> =>
  option(
    flag,
    help,
    z.coerce.number("expected a number above 0").positive("expected a number above 0").optional(),
  );

export const level = (flag: string, help: string): Option<number | undefined> =>
  option(
    flag,
    help,
    z.coerce.number("expected a number from 0").nonnegative("expected a number from 0").optional(),
  );

export const text = (flag: string, help: string): Option<string | undefined> =>
  option(
    flag,
    help,
    z
      .union([z.string(), z.number()], "expected a value")
      .transform(String)
      .pipe(z.string().min(1, "expected a value"))
      .optional(),
  );

export const toggle = (flag: string, help: string): Option<boolean> =>
  option(flag, help, z.boolean("expected no value").default(false));

/** A number that must be one of a few. */
export const oneOf = <const T extends number>(
  flag: string,
  help: string,
  values: readonly T[],
): Option<T | undefined> =>
  option(flag, help, z.literal(values, `expected ${values.join(" or ")}`).optional());

const choice = <const T extends string>(
  flag: string,
  help: string,
  names: readonly T[],
  fallback: T,
): Option<T> =>
  option(
    flag,
    `${help}: ${names.join(", ")} (default ${fallback})`,
    z.enum(names, `expected one of: ${names.join(", ")}`).default(fallback),
  );

export const optionalChoice = <const T extends string>(
  flag: string,
  help: string,
  names: readonly T[],
): Option<T | undefined> =>
  option(
    flag,
    `${help}: ${names.join(", ")}`,
    z.enum(names, `expected one of: ${names.join(", ")}`).optional(),
  );

/** Options that every command has. */
export const common = {
  seed: option("--seed <n>", "seed of everything random (default 0)", whole(0).default(0)),
  device: choice("--device <name>", "what computes", ["cpu", "webgpu", "cuda", "auto"], "cpu"),
  json: toggle("--json", "print the result as JSON, for machines"),
};

const optionName = ({ flag }: Option<unknown>): string => flag.split(" ")[0]!;

/** Typed values of the parsed options; throws UsageError for an unknown option or a value that does not fit. */
export function readOptions<O extends Options>(
  options: O,
  parsed: Readonly<Record<string, unknown>>,
): Values<O> {
  const known = Object.keys(options);
  const unknown = Object.keys(parsed).find((key) => key !== "--" && !known.includes(key));
  if (unknown !== undefined)
    throw new UsageError(
      `unknown option ${flagOf(unknown)}; possible: ${[...Object.values(options).map(optionName), "--help"].join(", ")}`,
    );
  const entries = known.map((key) => [key, readValue(options[key]!, parsed[key])]);
  return Object.fromEntries(entries) as Values<O>;
}

function readValue(option: Option<unknown>, value: unknown): unknown {
  // The parser answers `true` for a value that is missing, which must not become the number 1.
  if (option.flag.includes("<") && typeof value === "boolean")
    throw new UsageError(`${optionName(option)}: expected a value, as in ${option.flag}`);
  const result = option.schema.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(
    `${optionName(option)}: ${result.error.issues[0]!.message}, got ${JSON.stringify(value)}`,
  );
}

const flagOf = (key: string) => (key.length === 1 ? `-${key}` : `--${dashed(key)}`);

/** A key as options spell it, as in micro-batch. */
export const dashed = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
