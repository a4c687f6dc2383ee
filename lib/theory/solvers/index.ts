// The solvers by name: the command line's choices, its help and the conformance tests.
import { dpmSolver2M, dpmSolver2MSde } from "./dpm-solver-2m.ts";
import { heun } from "./heun.ts";
import { predictorCorrector } from "./predictor-corrector.ts";
import { rk45 } from "./rk45.ts";
import type { Solver } from "./solver.ts";
import { unipc } from "./unipc.ts";

export const solvers = {
  "dpm-solver-2m": dpmSolver2M,
  "dpm-solver-2m-sde": dpmSolver2MSde,
  heun,
  "predictor-corrector": predictorCorrector,
  rk45,
  unipc,
} satisfies Record<string, Solver>;
