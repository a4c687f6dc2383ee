// The options of sampling methods.
import { type SigmaGridName, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import { type ClippingName, clippings } from "../../lib/theory/solvers/clipping.ts";
import { amount, level, optionalChoice, toggle } from "./options.ts";

export const methodOptions = {
  stepSize: amount("--step-size <x>", "Langevin step at the smallest noise level (default: the model's)"),
  guidance: level(
    "--guidance <x>",
    "favour the class: 1 as it is (default), 2 strongly, 0 no class at all; two evaluations for one",
  ),
  raw: toggle("--raw", "keep the last level's noise instead of removing it in a final step"),
  grid: optionalChoice(
    "--grid <name>",
    "where the noise levels lie (default: the model's own)",
    Object.keys(sigmaGrids) as SigmaGridName[],
  ),
  eta: level("--eta <x>", "ddim: the share of the ancestral noise, 0 to 1 (default 0)"),
  variance: optionalChoice(
    "--variance <kind>",
    "ancestral: beta~ or beta of DDPM, or learned between them (default learned where it is, else posterior)",
    ["posterior", "forward", "learned"],
  ),
  churn: level("--churn <x>", "heun: S_churn, noise added before steps (default 0)"),
  tolerance: amount("--tolerance <x>", "rk45: error of a step, relative and absolute (default 1e-5)"),
  snr: level("--snr <x>", "predictor-corrector: signal-to-noise ratio of its Langevin steps (default 0.16)"),
  clip: optionalChoice(
    "--clip <how>",
    "the denoised to the data's range (default static for images of models that predict noise)",
    Object.keys(clippings) as ClippingName[],
  ),
};
