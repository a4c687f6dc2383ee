// The ways to draw samples by name: affine steps on the device, a training's own chains, Metropolis-adjusted chains, and solvers.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { UserError } from "../../lib/errors.ts";
import { type RandomStream, stream } from "../../lib/random.ts";
import { Field } from "../../lib/run/field.ts";
import { sample } from "../../lib/run/sample.ts";
import { sampleChains } from "../../lib/run/sample-chains.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import { mala } from "../../lib/theory/samplers/mala.ts";
import {
  oneStepPerLevel,
  type Sampler,
  type SamplerOptions,
  thinned,
} from "../../lib/theory/samplers/sampler.ts";
import { type ClippingName, clipped } from "../../lib/theory/solvers/clipping.ts";
import { solvers } from "../../lib/theory/solvers/index.ts";
import type { Solver, SolverOptions } from "../../lib/theory/solvers/solver.ts";

export type MethodOptions = SamplerOptions & SolverOptions & { readonly clip: ClippingName };

export interface Request extends Host {
  readonly artifact: Artifact;
  readonly weights: Float32Array;
  readonly options: MethodOptions;
  readonly count: number;
  readonly seed: number;
  readonly labels?: Int32Array | undefined;
  /** The most samples at once. */
  readonly batch?: number | undefined;
}

/** Some of the samples after a step. */
export interface Stage {
  readonly step: number;
  /** Steps in all, undefined where the data decide. */
  readonly steps: number | undefined;
  /** How much of all the work is done, 0..1, where that is known. */
  readonly done: number | undefined;
  readonly sigma: number;
  /** The place of the first of these samples among all. */
  readonly first: number;
  /** Evaluations of each sample so far, where the data decide. */
  readonly nfe?: number;
  x(): Promise<Float32Array>;
}

export interface Method {
  readonly summary: string;
  readonly source: string;
  /** Evaluations of each sample, undefined where the data decide. */
  nfe(options: MethodOptions): number | undefined;
  /** Options that keep to a budget of evaluations; `grid` makes so many levels. Throws UserError for a budget that is too small. */
  fit(options: MethodOptions, budget: number, grid: Grid | undefined): MethodOptions;
  /** Throws UserError for options that the method cannot follow. */
  check(options: MethodOptions): void;
  run(request: Request): AsyncGenerator<Stage, void>;
}

export type Grid = (levels: number) => readonly number[];

/** Samplers of affine steps, which one small graph takes on the device. */
const affine = (sampler: Sampler): Method => ({
  ...sampler,
  fit: (options, budget, grid) => {
    // Who takes one step per level may be given any levels; the others share out the model's own.
    const own = sampler.nfe === oneStepPerLevel.nfe && grid ? { ...options, sigmas: grid(budget) } : options;
    return { ...options, ...sampler.fitBudget(own, budget) };
  },
  check: (options) => {
    if (options.clip === "dynamic")
      throw new UserError(
        "--clip dynamic is for methods that run on the host: dpm-solver-2m, heun, unipc and their like",
      );
    sampler.steps(options).next();
  },
  async *run(request) {
    const { options } = request;
    const limit = options.clip === "static" ? 1 : undefined;
    const process = { steps: sampler.steps(options), initialSigma: sampler.initialSigma(options), limit };
    for await (const now of sample({ ...request, ...process })) yield { ...now, done: share(now) };
  },
});

const share = (now: { chunk: number; chunks: number; step: number; steps: number }) =>
  (now.chunk + now.step / now.steps) / now.chunks;

/** Methods whose budget is a number of steps. */
const counted: Pick<Method, "nfe" | "fit" | "check"> = {
  nfe: ({ steps }) => steps,
  fit: (options, steps) => ({ ...options, steps }),
  check: () => {},
};

const chains: Method = {
  ...counted,
  summary: "the chains that the model was trained with: for energies trained by contrastive divergence",
  source: "Du & Mordatch 2019",
  async *run(request) {
    for await (const now of sampleChains({ ...request, steps: request.options.steps }))
      yield { ...now, done: share(now) };
  },
};

const adjusted: Method = {
  ...counted,
  summary: "Langevin steps that are accepted or refused, so that none biases: for energy-based models",
  source: "Besag 1994; Roberts & Tweedie 1996",
  async *run(request) {
    const { artifact, options, seed } = request;
    const sigma = options.sigmas.at(-1)!;
    const dimensions = sizeOf(artifact.manifest.data.shape);
    await using field = await Field.open(request);
    if (!field.hasEnergy)
      throw new UserError("mala: needs log p, so an energy-based model, such as --preset density-energy");
    const target = async (x: Float64Array) => {
      const { score, energy } = await field.at(Float32Array.from(x), sigma);
      return { logp: energy!.map((each) => -each), score };
    };
    const x = startAt(request, samplers.langevin.initialSigma(options), generatorsOf(request));
    for await (const now of mala({ ...options, target, x, dimensions, seed }))
      yield { ...now, sigma, first: 0, done: now.step / now.steps, x: async () => Float32Array.from(now.x) };
  },
};

/** Solvers, which run on the host and ask the network for the denoised. */
const solved = (solver: Solver): Method => ({
  summary: solver.summary,
  source: solver.source,
  nfe: (options) => solver.nfe(options),
  fit(options, budget, grid) {
    const levels = solver.levels(options, budget);
    if (levels === undefined)
      throw new UserError("this method takes as many evaluations as its --tolerance needs, and no --steps");
    return { ...options, sigmas: (grid ?? trained(options))(levels) };
  },
  check: () => {},
  async *run(request) {
    const { artifact, options, labels } = request;
    const dimensions = sizeOf(artifact.manifest.data.shape);
    await using field = await Field.open(request);
    const plain = async (x: Float64Array, sigmas: Float64Array) =>
      (await field.denoised(Float32Array.from(x), { sigmas, labels })).denoised;
    const denoise = clipped(plain, options.clip, { dimensions });
    const random = generatorsOf(request);
    const x = startAt(request, options.sigmas[0]!, random);
    const steps =
      solver.nfe(options) === undefined ? undefined : options.sigmas.length - Number(!options.denoise);
    let step = 0;
    for await (const now of solver.solve({ denoise, x, dimensions, random }, options)) {
      step++;
      const done = steps && step / steps;
      yield { ...now, step, steps, done, first: 0, x: async () => Float32Array.from(now.x) };
    }
  },
});

/** As many levels of the model's own, all of them at most: a network that was trained on a ladder knows no others. */
const trained =
  ({ sigmas }: MethodOptions): Grid =>
  (levels) =>
    thinned(sigmas, Math.min(levels, sigmas.length));

const generatorsOf = ({ count, seed }: Request): RandomStream[] =>
  Array.from({ length: count }, (_, i) => stream(seed, "sample", i));

/** Noise of this standard deviation, [count*D], the first that each sample's generator gives, as on the device. */
function startAt({ artifact, count }: Request, std: number, random: readonly RandomStream[]): Float32Array {
  const size = sizeOf(artifact.manifest.data.shape);
  const x = new Float32Array(count * size);
  for (const [i, each] of random.entries()) each.fillNormal(x, i * size, (i + 1) * size);
  return x.map((value) => value * std);
}

type Table<T> = { readonly [K in keyof T]: Method };

const mapped = <T extends object, E>(table: T, make: (entry: E) => Method): Table<T> =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, make(entry as E)])) as Table<T>;

export const methods = {
  ...mapped(samplers, affine),
  ...mapped(solvers, solved),
  mala: adjusted,
  chains,
};

export type MethodName = keyof typeof methods;
