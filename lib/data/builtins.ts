// The data that needs no files, by name: pictures, and points whose density is known; it runs in a browser.

import { binaryDigits } from "./binary-digits.ts";
import type { Dataset } from "./dataset.ts";
import { densities, openGaussian } from "./densities/index.ts";
import { digits } from "./digits.ts";
import { heartbeat } from "./heartbeat.ts";
import { shapes } from "./shapes.ts";

const pictures = { digits, shapes, "binary-digits": binaryDigits, heartbeat };

/** Each set by its name; the seed names its samples. */
export const builtins: Readonly<Record<string, (seed: number) => Dataset>> = {
  ...pictures,
  ...Object.fromEntries(Object.entries(densities).map(([name, { make }]) => [name, make])),
};

/** The names that `openBuiltin` takes, for help and error texts. */
export const builtinKinds = `built-in pictures (${Object.keys(pictures).join(", ")}), built-in points (${Object.keys(densities).join(", ")}, gaussian:D in D dimensions)`;

/** The built-in set of this name; undefined when there is none. Throws UserError for gaussian:D with D out of range. */
export function openBuiltin(spec: string, seed: number): Dataset | undefined {
  return Object.hasOwn(builtins, spec) ? builtins[spec]!(seed) : openGaussian(spec, seed);
}
