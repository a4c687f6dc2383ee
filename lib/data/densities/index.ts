// The densities whose score is known, by name.

import { UserError } from "../../errors.ts";
import type { RandomStream } from "../../random.ts";
import type { GaussianMixture } from "../../theory/gaussian-mixture.ts";
import type { Dataset, KnownDensity } from "../dataset.ts";
import { checkerboard } from "./checkerboard.ts";
import { circle } from "./circle.ts";
import { cloudDataset, type Point } from "./cloud.ts";
import { exactDataset } from "./exact.ts";
import { gaussian } from "./gaussian.ts";
import { eightGaussians, mixture, mixture1d, twoGaussians } from "./mixtures.ts";
import { pinwheel } from "./pinwheel.ts";
import { rings } from "./rings.ts";
import { swissRoll } from "./swiss-roll.ts";
import { twoMoons } from "./two-moons.ts";

interface Density {
  readonly summary: string;
  readonly form: KnownDensity["form"];
  /** Its data; the seed names the samples. */
  readonly make: (seed: number) => Dataset;
}

const MAX_DIMENSIONS = 128;

const exact = (name: string, summary: string, law: () => GaussianMixture): Density => ({
  summary,
  form: "exact",
  make: (seed) => exactDataset(name, law(), seed),
});

const empirical = (name: string, summary: string, draw: (random: RandomStream) => Point): Density => ({
  summary: `${summary}; 4096 fixed points, and its density is the mixture over exactly these`,
  form: "empirical",
  make: (seed) => cloudDataset(name, draw, seed),
});

/**
 * Points of about unit spread, except two-gaussians. An exact density is a mixture in closed form and its data endless; an
 * empirical one has none, so its data are a fixed cloud, whose own density is exact at every sigma > 0.
 */
export const densities: Readonly<Record<string, Density>> = {
  gaussian: exact("gaussian", "a correlated Gaussian; gaussian:D in D dimensions", () => gaussian(2)),
  mixture: exact("mixture", "three Gaussians of different weights and shapes", mixture),
  "mixture-1d": exact("mixture-1d", "three Gaussians on the line", mixture1d),
  "two-gaussians": exact("two-gaussians", "distant modes of weights .8 and .2", twoGaussians),
  "eight-gaussians": exact("eight-gaussians", "eight small modes on a circle", eightGaussians),
  rings: empirical("rings", "three concentric rings", rings),
  checkerboard: empirical("checkerboard", "the dark squares of a 4x4 board", checkerboard),
  "swiss-roll": empirical("swiss-roll", "a spiral of one and a half turns", swissRoll),
  "two-moons": empirical("two-moons", "two half circles that reach into each other", twoMoons),
  pinwheel: empirical("pinwheel", "five bent arms", pinwheel),
  circle: empirical("circle", "a circle without thickness", circle),
};

/** The Gaussian in D dimensions that "gaussian:D" names; undefined for another spec. Throws UserError when D is not in 1..128. */
export function openGaussian(spec: string, seed: number): Dataset | undefined {
  const [name, dimensions = "", ...rest] = spec.split(":");
  if (name !== "gaussian" || spec === name) return undefined;
  if (rest.length > 0 || !/^[1-9]\d*$/.test(dimensions) || Number(dimensions) > MAX_DIMENSIONS)
    throw new UserError(
      `data "${spec}": expected gaussian:D with D in 1..${MAX_DIMENSIONS}, such as gaussian:5`,
    );
  return exactDataset(spec, gaussian(Number(dimensions)), seed);
}
