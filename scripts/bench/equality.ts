// Before anybody is timed: both programs compute the same.
import { UserError } from "../../lib/errors.ts";
import type { Runner, Work } from "./contestant.ts";
import type { Peer } from "./peer.ts";

/** How far numbers may lie apart, relative to the largest. */
const tolerance = 1e-4;

/** Runs both a few times: the loss and the gradient's norm of three steps in a row, or denoised images. Throws UserError where they differ. */
export async function requireEqual(ours: Runner, peer: Peer, work: Work): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const [mine, theirs] = [await numbersOf(ours, work), await numbersOfPeer(peer, work)];
    const scale = Math.max(...theirs.map(Math.abs));
    const apart = Math.max(...theirs.map((value, at) => Math.abs(value - mine[at]!))) / scale;
    if (!(apart < tolerance))
      throw new UserError(
        `bench: ${work} ${i + 1} differs from the peer's by ${apart} of its size; nothing was timed`,
      );
  }
}

async function numbersOf(ours: Runner, work: Work): Promise<number[]> {
  const outputs = await ours.answer();
  if (work === "evaluation") return [...(await ours.denoised())];
  return [outputs.loss!, outputs.gradient_norm!].map(({ data }) => Number(data[0]));
}

async function numbersOfPeer(peer: Peer, work: Work): Promise<number[]> {
  const { loss, norm, denoised = [] } = await peer.answer(work);
  return work === "evaluation" ? denoised : [loss!, norm!];
}
