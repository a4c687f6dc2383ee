// Clipping the denoised to the range of the data, which the originals of DDPM and Imagen do at every step.
import { UserError } from "../../errors.ts";
import type { Denoise } from "./solver.ts";

/** Changes the denoised of one point in place. */
type Clip = (denoised: Float64Array, limit: number, quantile: number) => void;

/**
 * none: as it is. static: each coordinate to [-limit, limit] (Ho et al. 2020, in code). dynamic: to the point's own quantile of
 * |coordinate| where that exceeds the limit, and scaled back to the limit (Saharia et al. 2022, section 2.3).
 */
export const clippings = {
  none: () => {},
  static: (denoised, limit) => {
    clamp(denoised, limit);
  },
  dynamic: (denoised, limit, quantile) => {
    const threshold = Math.max(limit, quantileOf(denoised.map(Math.abs), quantile));
    clamp(denoised, threshold);
    for (let d = 0; d < denoised.length; d++) denoised[d]! *= limit / threshold;
  },
} satisfies Record<string, Clip>;

export type ClippingName = keyof typeof clippings;

interface ClippingOptions {
  readonly dimensions: number;
  /** The data lie in [-limit, limit]; 1 unless given. */
  readonly limit?: number;
  /** For dynamic clipping, .995 unless given. */
  readonly quantile?: number;
}

/** A denoiser whose results are clipped, each point by itself. Throws UserError for a limit not above 0 or a quantile outside 0..1. */
export function clipped(
  denoise: Denoise,
  name: ClippingName,
  { dimensions, limit = 1, quantile = 0.995 }: ClippingOptions,
): Denoise {
  if (!(limit > 0 && quantile >= 0 && quantile <= 1))
    throw new UserError(
      `clipping: expected a limit above 0 and a quantile from 0 to 1, got ${limit} and ${quantile}`,
    );
  const clip: Clip = clippings[name];
  return async (x, sigmas) => {
    const denoised = Float64Array.from(await denoise(x, sigmas));
    for (let first = 0; first < denoised.length; first += dimensions)
      clip(denoised.subarray(first, first + dimensions), limit, quantile);
    return denoised;
  };
}

function clamp(values: Float64Array, limit: number): void {
  for (const [d, value] of values.entries()) values[d] = Math.min(limit, Math.max(-limit, value));
}

// Between the two nearest order statistics.
function quantileOf(values: Float64Array, quantile: number): number {
  const sorted = values.sort();
  const place = quantile * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
