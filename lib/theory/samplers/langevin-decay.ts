// Langevin dynamics with a decaying step: large steps travel, small ones remove the bias that a finite step leaves.
import { langevinWith } from "./langevin.ts";
import type { SamplerOptions } from "./sampler.ts";

const EXPONENT = 0.55;

// The paper goes down to a hundredth in a very long run; a tenth leaves a short one ten times the time to travel.
const LAST = 0.1;

/** alpha_t = a (b + t)^-gamma (Welling & Teh 2011), with a and b such that it falls from stepSize to a tenth of it. */
function decaying({ steps, stepSize }: SamplerOptions): number[] {
  const fall = (LAST ** (-1 / EXPONENT) - 1) / Math.max(1, steps - 1);
  return Array.from({ length: steps }, (_, t) => stepSize * (1 + fall * t) ** -EXPONENT);
}

export const langevinDecay = langevinWith(
  {
    summary: "Langevin dynamics at the smallest noise level, its step falling to a tenth: less bias",
    source: "Welling & Teh 2011",
  },
  decaying,
);
