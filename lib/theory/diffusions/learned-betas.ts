// The betas of a Gaussian diffusion that learns them, as logits.

/** logit beta_t = -log(T - t + 1), so that beta_t = 1/(T - t + 2): a part 1/(T + 1) of the data's variance goes in each step. */
export const initialBetaLogit = (t: number, steps: number): number => -Math.log(steps - t + 1);

/**
 * How far a logit moves when its parameter moves by 1. The gradients of betas are small beside their noise, so that steps which suit the network
 * hardly move them; at 10 they find their places in the time that the network takes.
 */
export const betaStride = 10;

/** beta_1..beta_T: the first as given, the others from the parameters [T-1] that move their logits. */
export const learnedBetas = (firstBeta: number, offsets: ArrayLike<number>): number[] => [
  firstBeta,
  ...Array.from(
    offsets,
    (offset, i) => 1 / (1 + Math.exp(-initialBetaLogit(i + 2, offsets.length + 1) - betaStride * offset)),
  ),
];
