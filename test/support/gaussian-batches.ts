// Batches of Gaussian images, a function of the step alone.
import { stream } from "../../lib/random.ts";
import type { Batch } from "../../lib/run/train.ts";

/** `size` independent numbers of N(0, std^2) per step. */
export const gaussianBatches =
  (size: number, std: number) =>
  async (step: number): Promise<Batch> => {
    const x = new Float32Array(size);
    stream(99, "gaussian", step).fillNormal(x);
    return { x: x.map((value) => std * value) };
  };
