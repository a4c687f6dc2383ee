// The manifest's entry for a diffusion: the chain of steps x_1..x_T that destroys the data, of which the network learns the reverse.
import { z } from "zod";

const steps = z.int().min(2);

/**
 * gaussian: x_t = sqrt(1 - beta_t)·x_(t-1) + sqrt(beta_t)·z. beta_1 is fixed, because learning it would be overfitting; the others
 *   are parameters of the model (Sohl-Dickstein et al. 2015, section 2.4.1).
 * binomial: bits, as -1 and 1, of which each step tosses a part beta_t = 1/(T - t + 1) anew.
 */
export const diffusionSchema = z.discriminatedUnion("kernel", [
  z.strictObject({ kernel: z.literal("gaussian"), steps, firstBeta: z.number().positive().lt(1) }),
  z.strictObject({ kernel: z.literal("binomial"), steps }),
]);

/** The parameter [T-1] that moves the logits of beta_2..beta_T of a Gaussian diffusion from where they start. */
export const betaOffsetsName = "diffusion.beta_offsets";
