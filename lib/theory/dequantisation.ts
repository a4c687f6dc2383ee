// From the 256 values of images to a continuum, so that a density says something of their probability.
import type { RandomStream } from "../random.ts";

/** The width in [-1, 1] of the bin of one of 256 values. */
export const BIN_WIDTH = 2 / 256;

const byteOf = (value: number): number => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));

/**
 * A value of an image in [-1, 1] uniformly in the bin of its own byte, of which 256 fill [-1, 1] without gap: the mean of a
 * log-density of these, with the logarithm of the bin's width, is at most the log-probability of the bytes
 * (Theis et al. 2016, section 3.1; Song et al. 2021, in code).
 */
export const dequantised = (value: number, random: Pick<RandomStream, "uniform">): number =>
  (byteOf(value) + random.uniform()) * BIN_WIDTH - 1;
