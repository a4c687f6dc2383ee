// The objectives by the name that presets and the command line use.
import { contrastiveDivergence } from "./contrastive-divergence.ts";
import { denoising } from "./denoising.ts";
import { explicit } from "./explicit.ts";
import { hybrid } from "./hybrid.ts";
import { implicit } from "./implicit.ts";
import { implicitDiagonal } from "./implicit-diagonal.ts";
import type { Objective } from "./objective.ts";
import { sliced } from "./sliced.ts";
import { slicedFiniteDifference } from "./sliced-fd.ts";
import { vlb } from "./vlb.ts";

/**
 * The energies of densities are right to 4a·E, 2 % at E = 5, with a = 0.001; image models that need smooth energies more
 * than right ones take a = 1 (Du & Mordatch 2019).
 */
const energyRegularisation = 1e-3;

export const objectives = {
  denoising,
  explicit,
  implicit,
  "implicit-diagonal": implicitDiagonal,
  sliced: sliced("Rademacher", "projected"),
  "sliced-gaussian": sliced("Gaussian", "projected"),
  "sliced-sphere": sliced("sphere", "projected"),
  "sliced-vr": sliced("Rademacher", "exact"),
  "sliced-fd": slicedFiniteDifference(),
  "contrastive-divergence": contrastiveDivergence(energyRegularisation),
  vlb: vlb("learned"),
  "vlb-beta": vlb("beta"),
  "vlb-posterior": vlb("posterior"),
  hybrid: hybrid(1e-3),
} satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof objectives;
