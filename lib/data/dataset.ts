// What a dataset is.
import type { GaussianMixture } from "../theory/gaussian-mixture.ts";

/** Images or points of one shape, read by index: the same index gives the same sample, whatever is read with it. */
export interface Dataset {
  readonly name: string;
  /** [C,H,W] for images in [-1,1], [D] for points in their own units. */
  readonly shape: readonly number[];
  /** Number of samples; Infinity when endless. */
  readonly size: number;
  /** Number of labels 0..classes-1; 0 when unlabelled. */
  readonly classes: number;
  /** Whether every value is -1 or 1. */
  readonly binary?: boolean;
  /** The entropy of a sample in bits, where it has one that is known. */
  readonly entropy?: number;
  /** The law that the samples follow, where it is known. */
  readonly density?: KnownDensity;
  /** The units of the points' source. */
  readonly units?: Units;
  /** Writes the samples one after another as [N,...shape], and their labels where the set has some. */
  read(indices: readonly number[], samples: Float32Array, labels?: Int32Array): Promise<void>;
}

export interface ImageDataset extends Dataset {
  readonly shape: readonly [channels: number, height: number, width: number];
}

/** "exact": the law in closed form; "empirical": the data are these points, and blurred by sigma > 0 their law is this mixture. */
export interface KnownDensity {
  readonly form: "exact" | "empirical";
  readonly mixture: GaussianMixture;
}

/** What column d was in the source: offset[d] + scale[d] x[d]. */
export interface Units {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}
