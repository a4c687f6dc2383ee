// The graphs of a diffusion as expressions: the loss of each sample, and a step of the reverse process.
import type { DiffusionEntry } from "../../artifact/manifest.ts";
import type { Network } from "../denoiser.ts";
import { input } from "../graph/constant.ts";
import { cast, mul } from "../graph/ops.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import type { Output, Outputs } from "../graphs.ts";
import type { Layout } from "../layout.ts";
import { type ParameterSpec, Parameters } from "../nn/parameters.ts";
import { binomial } from "./binomial.ts";
import { gaussian } from "./gaussian.ts";
import type { Chain, DiffusionKernel } from "./kernel.ts";

/** A diffusion of data of one shape, with or without classes; the network is told 1000 t/T, as U-Nets know times. */
export interface DiffusionModel {
  readonly diffusion: DiffusionEntry;
  readonly network: Network;
  readonly shape: Shape;
  readonly classes: number;
}

type Open<K extends DiffusionEntry["kernel"]> = (
  entry: Extract<DiffusionEntry, { kernel: K }>,
) => DiffusionKernel;

const kernels: { readonly [K in DiffusionEntry["kernel"]]: Open<K> } = {
  gaussian: ({ steps, firstBeta }) => gaussian(steps, firstBeta),
  binomial: ({ steps }) => binomial(steps),
};

const kernelOf = <K extends DiffusionEntry["kernel"]>(entry: Extract<DiffusionEntry, { kernel: K }>) =>
  (kernels[entry.kernel as K] as Open<K>)(entry);

/** The name of the input that holds each sample's time. */
export const timeInput = "t";

/** The draws of a diffusion's graphs by input name. */
export const diffusionDraws = ({ diffusion }: DiffusionModel) => ({ noise: kernelOf(diffusion).noise });

/** What a network is told at T. */
const timeSpan = 1000;

function inputsOf(model: DiffusionModel, batch: number) {
  const { diffusion, network, shape, classes } = model;
  const p = new Parameters();
  const label = classes > 0 ? input("label", [batch], "int32") : undefined;
  const t = input(timeInput, [batch], "int32");
  const time = mul(cast(t, "float32"), timeSpan / diffusion.steps);
  const chain: Chain = { t, p, predict: (x) => network(p, { x, noise: time, label }) };
  const x = input("x", [batch, ...shape]);
  return { x, noise: input("noise", x.shape), chain, p };
}

/** An estimate of -K in bits per dimension for each sample of a batch, [batch], as a function of named parameters. */
export function diffusionLosses(model: DiffusionModel, batch: number): Tensor {
  const { x, noise, chain } = inputsOf(model, batch);
  return kernelOf(model.diffusion).loss(chain, x, noise);
}

/** The parameters of network and chain, found by building them once. */
export function declareDiffusion(model: DiffusionModel): ParameterSpec[] {
  const { x, noise, chain, p } = inputsOf(model, 1);
  kernelOf(model.diffusion).loss(chain, x, noise);
  return p.all();
}

/** x_next [B,...], a draw of p(x_(t-1) | x_t), and the numbers of that law by name. */
export function reverseOutputs(model: DiffusionModel, batch: number, layout: Layout): Outputs {
  const { x, noise, chain } = inputsOf(model, batch);
  const named = Object.entries(kernelOf(model.diffusion).step(chain, x, noise));
  const bound = layout.bind(named.map(([, tensor]) => tensor));
  return Object.fromEntries(
    named.map(([name], i): [string, Output] => [name, { tensor: bound[i]!, role: "sample" }]),
  );
}
