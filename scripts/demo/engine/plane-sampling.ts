// Samples of the plane, frame by frame, with whatever denoiser moves them.
import { UserError } from "../../../lib/errors.ts";
import { stream } from "../../../lib/random.ts";
import { energyDistance } from "../../../lib/theory/energy-distance.ts";
import { exactDenoiser } from "../../../lib/theory/solvers/exact-denoiser.ts";
import type { Denoise } from "../../../lib/theory/solvers/solver.ts";
import { type Method, methods } from "../../recipes/methods.ts";
import { samplingPlan } from "../../recipes/sampling-plan.ts";
import type { Subject } from "./plane-subject.ts";
import type { PlaneFrame, PlaneSampling } from "./protocol.ts";

/** Particles and samples of the density that are compared; all pairs of them are. */
const compared = 400;

/** Of rk45: finer than the eye, coarse enough for densities that are points at the smallest noise. */
const tolerance = 1e-3;

/** Yields where the particles are at the beginning and after every step. Throws UserError for a method that needs more than a denoiser. */
export async function* planeFrames(
  { model, data }: Subject,
  denoise: Denoise,
  request: PlaneSampling,
): AsyncGenerator<PlaneFrame, void> {
  const { guidance: _, ...choice } = request;
  const { seed, count } = choice;
  const { options } = samplingPlan({ ...choice, tolerance }, model);
  const { draw }: Method = methods[choice.method];
  if (!draw) throw new UserError(`plane: ${choice.method} needs more than a score; choose another method`);
  const distanceAt = distances(data, seed);
  // What the denoiser is asked first is where the particles start.
  let start: Pick<PlaneFrame, "sigma" | "x"> | undefined;
  const watched: Denoise = (x, sigmas) => {
    start ??= { x: Float32Array.from(x), sigma: sigmas[0]! };
    return denoise(x, sigmas);
  };
  for await (const stage of draw({ denoise: watched, dimensions: 2, options, count, seed })) {
    const { step, steps, sigma, nfe } = stage;
    if (step === 1 && start)
      yield { ...start, step: 0, steps, nfe: 0, distance: distanceAt(start.x, start.sigma) };
    const x = await stage.x();
    yield { step, steps, sigma, nfe, x, distance: distanceAt(x, sigma) };
  }
}

/** The energy distance of particles to data blurred by sigma, always by the same noise. */
function distances(data: Float32Array, seed: number) {
  const truth = data.slice(0, 2 * compared);
  const noise = new Float32Array(truth.length);
  stream(seed, "blurred data").fillNormal(noise);
  return (x: Float32Array, sigma: number): number => {
    const blurred = truth.map((value, i) => value + sigma * noise[i]!);
    return energyDistance(x.subarray(0, 2 * compared), blurred, 2);
  };
}

/** A denoiser of the density itself. */
export const trueDenoise = ({ law }: Pick<Subject, "law">): Denoise => exactDenoiser(law);

/**
 * D + weight (D_side - D_all), in which the difference of the exact denoisers is sigma² times the gradient of log p(side | x): the
 * classifier of a side that knows the density (Dhariwal & Nichol 2021, section 4.1).
 */
export function guidedTo(
  { law, half }: Pick<Subject, "law" | "half">,
  denoise: Denoise,
  { side, weight }: NonNullable<PlaneSampling["guidance"]>,
): Denoise {
  const [ofSide, ofAll] = [exactDenoiser(half(side)), exactDenoiser(law)];
  return async (x, sigmas) => {
    const [unguided, towards, from] = [
      await denoise(x, sigmas),
      await ofSide(x, sigmas),
      await ofAll(x, sigmas),
    ];
    return Float64Array.from(unguided, (value, i) => value + weight * (towards[i]! - from[i]!));
  };
}
