// The manifest's entry for noise: the schedule, how the network is conditioned and weighed, and the levels of training and sampling.
import { z } from "zod";

const name = z.string().regex(/^\P{Cc}+$/u, "expected a name without control characters");
const positive = z.number().positive();
const positiveInteger = z.int().positive();

const schedule = z.strictObject({
  name,
  sigmaMin: positive.optional(),
  sigmaMax: positive.optional(),
  betaMin: positive.optional(),
  betaMax: positive.optional(),
  steps: positiveInteger.optional(),
});

/**
 * How training draws its noise levels: from the ladder `sigmas`, from the schedule, as exp(N(mean, std²)), or among a chain's `steps`
 * times by the last `history` losses at each, but for a share that is `uniform`.
 */
const training = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ladder") }),
  z.strictObject({ kind: z.literal("schedule") }),
  z.strictObject({ kind: z.literal("log-normal"), mean: z.number(), std: positive }),
  z.strictObject({
    kind: z.literal("loss-second-moment"),
    steps: positiveInteger,
    history: positiveInteger,
    uniform: z.number().min(0).max(1),
  }),
]);

export const noiseSchema = z.strictObject({
  preconditioning: name,
  weighting: name,
  schedule,
  training,
  /** Where the network answers the variances of reverse steps, between beta~ and beta of the schedule's chain. */
  variance: z.literal("learned").optional(),
  sigmas: z.array(z.number().nonnegative()).min(1),
  sigmaData: positive,
});
