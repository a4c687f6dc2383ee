// The manifest's entry for negatives: how an objective's samples of the model itself are drawn.
import { z } from "zod";
import { initialisationSchema } from "./initialisation.ts";

const positive = z.number().positive();
const positiveInteger = z.int().positive();

/** The law of the numbers that a new chain starts from: the data's spread for points, their range for images. */
const prior = initialisationSchema;

const langevin = {
  /** Langevin steps from start to negative, and how many of them one run of the graph takes. */
  steps: positiveInteger,
  stepsPerRun: positiveInteger,
  /** x + stepSize·score + noise·z; Langevin dynamics proper has noise² = 2·stepSize. */
  stepSize: positive,
  noise: z.number().nonnegative(),
  /** The largest |stepSize·score| of an element, or null for any; bounded moves do not follow the score to the letter. */
  limit: positive.nullable(),
  /** Where samples are kept, such as [-1, 1] for images, or null for anywhere. */
  range: z.tuple([z.number(), z.number()]).readonly().nullable(),
};

/**
 * short-run: new chains at every step, which teach a sampler of so many steps rather than a density (Nijkamp et al. 2019).
 * persistent: chains go on from step to step; each is restarted with probability `restart` when its turn comes, and a batch
 *   takes the next ones of `buffer` (Tieleman 2008; Du & Mordatch 2019).
 * contrastive-divergence: chains start at the data of the batch (Hinton 2002).
 */
export const negativesSchema = z.discriminatedUnion("start", [
  z.strictObject({ start: z.literal("short-run"), ...langevin, prior }),
  z.strictObject({
    start: z.literal("persistent"),
    ...langevin,
    prior,
    buffer: positiveInteger,
    restart: z.number().min(0).max(1),
  }),
  z.strictObject({ start: z.literal("contrastive-divergence"), ...langevin }),
]);

/** What is wrong with the entry itself, for batches of `batch`. */
export function* negativesProblems(
  negatives: z.infer<typeof negativesSchema>,
  batch: number,
): Generator<string> {
  const { steps, stepsPerRun, range } = negatives;
  if (steps % stepsPerRun !== 0)
    yield `negatives.steps: expected a multiple of stepsPerRun ${stepsPerRun}, got ${steps}`;
  if (range && !(range[0] < range[1])) yield `negatives.range: expected low < high, got [${range}]`;
  if (negatives.start === "persistent" && negatives.buffer < batch)
    yield `negatives.buffer: expected at least the batch, ${batch}, got ${negatives.buffer}`;
}
