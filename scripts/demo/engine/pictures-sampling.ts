// Draws pictures from an open model as the page asks: guided, inpainted, from a drawing, or from one noise to another.
import { sizeOf } from "../../../lib/artifact/shape.ts";
import { stream } from "../../../lib/random.ts";
import type { Field } from "../../../lib/run/field.ts";
import type { Artifact } from "../../../lib/run/session.ts";
import { inpainted } from "../../../lib/theory/inpainting.ts";
import type { Denoise } from "../../../lib/theory/solvers/solver.ts";
import { type Drawing, denoiserMethods, type Noise, networkEvaluations } from "../../recipes/methods.ts";
import { networkDenoiser } from "../../recipes/network-denoiser.ts";
import { type SamplingPlan, samplingPlan } from "../../recipes/sampling-plan.ts";
import { noiseBetween } from "./noise-between.ts";
import type { PictureFrame, PictureSampling } from "./protocol.ts";

/** Plans what is asked. Throws UserError for what the model or the method cannot do. */
export function planPictures(request: PictureSampling, { manifest }: Artifact): SamplingPlan {
  const { method, steps, eta, churn, count, label, guidance } = request;
  const choice = { method, steps, eta, churn, count };
  if (manifest.data.classes === 0) return samplingPlan(choice, manifest);
  return samplingPlan(
    { ...choice, class: label === "each" ? undefined : (label ?? "none"), guidance },
    manifest,
  );
}

/** Draws as planned; the frames' arrays are theirs to keep. */
export async function* drawPictures(
  field: Field,
  request: PictureSampling,
  plan: SamplingPlan,
  { manifest }: Artifact,
): AsyncGenerator<PictureFrame, void> {
  const { shape, classes } = manifest.data;
  const { labels, options, count } = plan;
  const dimensions = sizeOf(shape);
  const network = networkDenoiser(field, { labels, none: classes, guidance: options.guidance });
  let denoised: Float32Array = new Float32Array(count * dimensions);
  const denoise: Denoise = async (x, sigmas) => {
    denoised = Float32Array.from(await asked(network, request)(x, sigmas));
    return denoised;
  };
  const edited = afterEditing(request, options.sigmas, count);
  if (edited.sigmas.length === 0) {
    yield stillFrame(edited.origin!);
    return;
  }
  const drawing: Drawing = {
    denoise,
    dimensions,
    options: { ...options, sigmas: edited.sigmas },
    count,
    seed: request.seed,
    origin: edited.origin,
    random: noiseOf(request, count),
  };
  const each = networkEvaluations(options);
  for await (const now of denoiserMethods[request.method].draw(drawing)) {
    const { step, steps, sigma, nfe } = now;
    yield { step, steps, sigma, nfe: each * nfe, x: await now.x(), denoised };
  }
}

const asked = (network: Denoise, { inpaint }: PictureSampling): Denoise =>
  inpaint ? inpainted(network, { values: inpaint.known, mask: inpaint.mask }) : network;

/** The levels that are left of an edit's way, and what the noise is added to: one picture for all (Meng et al. 2022, Algorithm 1). */
function afterEditing({ edit }: PictureSampling, sigmas: readonly number[], count: number) {
  if (!edit) return { sigmas, origin: undefined };
  const { from, strength } = edit;
  const origin = new Float32Array(count * from.length);
  for (let i = 0; i < count; i++) origin.set(from, i * from.length);
  return { sigmas: sigmas.slice(sigmas.length - Math.round(strength * sigmas.length)), origin };
}

const stillFrame = (x: Float32Array): PictureFrame => ({
  step: 1,
  steps: 1,
  sigma: 0,
  nfe: 0,
  x,
  denoised: x.slice(),
});

/** The noise of each tile: a stream of its own, or a place on the way from one seed's noise to another's. */
function noiseOf({ seed, interpolate }: PictureSampling, count: number): Noise[] | undefined {
  if (!interpolate) return undefined;
  return Array.from({ length: count }, (_, i) =>
    noiseBetween(stream(seed, "sample"), stream(interpolate.to, "sample"), count > 1 ? i / (count - 1) : 0),
  );
}
