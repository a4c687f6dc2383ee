// Classifier-free guidance: the denoised of a class, pushed away from what the model expects without one.
import type { Denoise } from "./solvers/solver.ts";

/**
 * D = D_none + strength (D_class - D_none) (Ho & Salimans 2022, Eq. 6, whose w is strength - 1): 1 is the conditional model, 0 the
 * unconditional one, and more than 1 favours what tells the class from the others. The scores combine alike.
 */
export const guided =
  (conditional: Denoise, unconditional: Denoise, strength: number): Denoise =>
  async (x, sigmas) => {
    const told = await conditional(x, sigmas);
    const untold = await unconditional(x, sigmas);
    return Float64Array.from(untold, (value, at) => value + strength * (told[at]! - value));
  };
