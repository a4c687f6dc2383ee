// Data of bits, and the diffusions that take no others.
import type { DiffusionEntry } from "../../lib/artifact/manifest.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";

/** Throws UserError for data that are not bits, where the diffusion's kernel knows nothing else. */
export function requireBits(diffusion: DiffusionEntry | undefined, { name, binary }: Dataset): void {
  if (diffusion?.kernel === "binomial" && !binary)
    throw new UserError(
      `a binomial diffusion needs binary data, such as heartbeat or binary-digits, ${name} has other values`,
    );
}
