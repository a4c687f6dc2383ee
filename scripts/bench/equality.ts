// Before anybody is timed: both programs compute the same.
import { UserError } from "../../lib/errors.ts";
import type { Contest, Runner } from "./contestant.ts";

/** How often both solve the problem before they are timed, and how far their numbers may lie apart, relative to the largest. */
const demands: Readonly<Record<Contest, { readonly times: number; readonly tolerance: number }>> = {
  step: { times: 3, tolerance: 1e-4 },
  evaluation: { times: 1, tolerance: 1e-4 },
  sampling: { times: 1, tolerance: 1e-3 },
};

/** What a contestant comes to from the start: the loss and the gradient's norm of three steps in a row, denoised images, or samples. */
export async function solutions(solver: Pick<Runner, "values">, work: Contest): Promise<Solution[]> {
  const found: Solution[] = [];
  while (found.length < demands[work].times) found.push(await solver.values());
  return found;
}

type Solution = readonly number[];

/** How far a peer's solutions lie from ours, relative to the largest number. Throws UserError where that is more than rounding does. */
export function requireEqual(ours: readonly Solution[], theirs: readonly Solution[], work: Contest): number {
  const differences = theirs.map((solution, i) => difference(solution, ours[i]!));
  const wrong = differences.findIndex((apart) => !(apart < demands[work].tolerance));
  if (wrong >= 0)
    throw new UserError(
      `bench: ${work} ${wrong + 1} differs from the peer's by ${differences[wrong]} of its size; nothing was timed`,
    );
  return Math.max(...differences);
}

function difference(theirs: Solution, ours: Solution): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const apart = theirs.map((value, at) => Math.abs(value - ours[at]!));
  return Math.max(...apart) / Math.max(...theirs.map(Math.abs));
}
