// The check that a range of noise levels is one.
import { UserError } from "../errors.ts";

/** Throws UserError unless 0 < sigmaMin < sigmaMax < Infinity. */
export function checkNoiseRange(who: string, sigmaMin: number, sigmaMax: number): void {
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin && sigmaMax < Infinity))
    throw new UserError(
      `${who}: expected sigma max > sigma min > 0, got sigma max ${sigmaMax}, sigma min ${sigmaMin}`,
    );
}
