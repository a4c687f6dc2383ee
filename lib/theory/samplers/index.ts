// The samplers by name: the command line's choices, its help and the conformance tests.
import { ancestral } from "./ancestral.ts";
import { annealedLangevin } from "./annealed-langevin.ts";
import { consistentAnnealed } from "./consistent-annealed.ts";
import { ddim } from "./ddim.ts";
import { euler } from "./euler.ts";
import { eulerMaruyama } from "./euler-maruyama.ts";
import { langevin } from "./langevin.ts";
import { langevinDecay } from "./langevin-decay.ts";
import { reverseDiffusion } from "./reverse-diffusion.ts";
import type { Sampler } from "./sampler.ts";

export const samplers = {
  ancestral,
  "annealed-langevin": annealedLangevin,
  "consistent-annealed": consistentAnnealed,
  ddim,
  euler,
  "euler-maruyama": eulerMaruyama,
  langevin,
  "langevin-decay": langevinDecay,
  "reverse-diffusion": reverseDiffusion,
} satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof samplers;
