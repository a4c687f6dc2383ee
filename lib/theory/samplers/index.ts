// The samplers by name: the command line's choices, its help and the conformance tests.
import { annealedLangevin } from "./annealed-langevin.ts";
import { euler } from "./euler.ts";
import { langevin } from "./langevin.ts";
import type { Sampler } from "./sampler.ts";

export const samplers = {
  "annealed-langevin": annealedLangevin,
  euler,
  langevin,
} satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof samplers;
