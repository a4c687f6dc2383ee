// Weightings: how much each noise level counts in the loss, as a factor of 1/2 E‖score - true score‖².
import { scoreUnit } from "./score-unit.ts";

/** lambda(sigma) for data of standard deviation sigmaData. */
export type Weighting = (sigma: number, sigmaData: number) => number;

/**
 * sigma-squared: every level starts with the same loss (Song & Ermon 2019, section 4.2).
 * uniform: the Fisher divergence as it is, at which small levels dominate.
 * edm: every level starts with the same loss of the preconditioned network (Karras et al. 2022, Table 1, times sigma⁴ because
 *   theirs weighs the denoiser).
 */
export const weightings = {
  "sigma-squared": scoreUnit,
  uniform: () => 1,
  edm: (sigma, sigmaData) => (scoreUnit(sigma) * (sigma ** 2 + sigmaData ** 2)) / sigmaData ** 2,
} satisfies Record<string, Weighting>;
