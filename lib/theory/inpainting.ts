// Inpainting: any sampler fills in what is unknown of points that are known in part.
import type { Denoise } from "./solvers/solver.ts";

interface Known {
  /** The points, [n*D], or one point [D] for all; what is unknown may be anything. */
  readonly values: ArrayLike<number>;
  /** As long as `values`: 1 where they are known, 0 where not, and a share of both between. */
  readonly mask: ArrayLike<number>;
}

/**
 * A denoiser that answers what is known where it is known, so that samplers which end by denoising end exactly there, and their noisy
 * points are on the way the known points blurred. What they fill in is right in the limit of many Langevin steps a level. A walk that
 * only descends sees less of the known than there is, and fills in too little dependence: its noise hides it until it is late.
 */
export const inpainted =
  (denoise: Denoise, { values, mask }: Known): Denoise =>
  async (x, sigmas) =>
    Float64Array.from(await denoise(x, sigmas), (value, at) => {
      const share = mask[at % mask.length]!;
      return value + share * (values[at % values.length]! - value);
    });
