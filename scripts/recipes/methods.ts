// The ways to draw samples by name: affine steps on the device, a training's own chains, Metropolis-adjusted chains, and solvers.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { UserError } from "../../lib/errors.ts";
import { type RandomStream, stream } from "../../lib/random.ts";
import { Field } from "../../lib/run/field.ts";
import { sampleReverse } from "../../lib/run/reverse-process.ts";
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
import { takeSteps } from "../../lib/theory/solvers/affine.ts";
import { type ClippingName, clipped } from "../../lib/theory/solvers/clipping.ts";
import { solvers } from "../../lib/theory/solvers/index.ts";
import type {
  Denoise,
  Problem,
  Solver,
  SolverOptions,
  SolverProgress,
} from "../../lib/theory/solvers/solver.ts";
import { networkDenoiser } from "./network-denoiser.ts";

export interface MethodOptions extends SamplerOptions, SolverOptions {
  readonly clip: ClippingName;
  /** How strongly the class is favoured (lib/theory/guidance.ts); absent: as it is. */
  readonly guidance?: number | undefined;
}

/** Evaluations of the network for one of the denoiser, which is what methods count. */
export const networkEvaluations = ({ guidance }: MethodOptions): number => (guidance === undefined ? 1 : 2);

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

/** Samples to draw on the host with any denoiser: a network's, a guided one, or the exact one of a known density. */
export interface Drawing {
  readonly denoise: Denoise;
  readonly dimensions: number;
  readonly options: MethodOptions;
  readonly count: number;
  readonly seed: number;
  /** What the noise that the method starts from is added to, [count*D]; nothing unless given. */
  readonly origin?: ArrayLike<number> | undefined;
  /** Where each sample's noise comes from; unless given, the seed's streams. */
  readonly random?: readonly Noise[] | undefined;
}

/** Where the noise of one sample comes from. */
export type Noise = Problem["random"][number];

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
  /** Evaluations of the network for each sample so far, where the data decide. */
  readonly nfe?: number;
  x(): Promise<Float32Array>;
}

/** All samples after a step on the host, at the noise level at which they are. */
export interface HostStage extends Stage {
  readonly nfe: number;
}

export interface Method {
  readonly summary: string;
  readonly source: string;
  /** Evaluations of the denoiser for each sample, undefined where the data decide. */
  nfe(options: MethodOptions): number | undefined;
  /** Options that keep to a budget of evaluations; `grid` makes so many levels. Throws UserError for a budget that is too small. */
  fit(options: MethodOptions, budget: number, grid: Grid | undefined): MethodOptions;
  /** Whether its steps have the size `stepSize` of the options; absent: they have sizes of their own. */
  stepSized?(options: MethodOptions): boolean;
  /** Throws UserError for options that the method cannot follow. */
  check(options: MethodOptions): void;
  run(request: Request): AsyncGenerator<Stage, void>;
  /** The same with any denoiser, for methods that ask for nothing else. */
  draw?(drawing: Drawing): AsyncGenerator<HostStage, void>;
}

/** A method that any denoiser serves. */
type DenoiserMethod = Method & Required<Pick<Method, "draw">>;

export type Grid = (levels: number) => readonly number[];

/** Samplers of affine steps, which one small graph takes on the device; guided ones need two networks and run on the host. */
const affine = (sampler: Sampler): DenoiserMethod => ({
  ...sampler,
  fit: (options, budget, grid) => {
    // Who takes one step per level may be given any levels; the others share out the model's own.
    const own = sampler.nfe === oneStepPerLevel.nfe && grid ? { ...options, sigmas: grid(budget) } : options;
    return { ...options, ...sampler.fitBudget(own, budget) };
  },
  check: (options) => {
    if (options.clip === "dynamic" && options.guidance === undefined)
      throw new UserError(
        "--clip dynamic is for methods that run on the host: dpm-solver-2m, heun, unipc and their like",
      );
    sampler.steps(options).next();
  },
  async *run(request) {
    const { options } = request;
    if (options.guidance !== undefined) {
      yield* drawOnHost(request, this.draw);
      return;
    }
    const limit = options.clip === "static" ? 1 : undefined;
    const process = { steps: sampler.steps(options), initialSigma: sampler.initialSigma(options), limit };
    for await (const now of sample({ ...request, ...process })) yield { ...now, done: share(now) };
  },
  draw: (drawing) => {
    const { options } = drawing;
    const steps = [...sampler.steps(options)];
    // What the next step takes the samples for; after the last one, the noise that is left if D was right.
    const after = steps.map(({ a, c, sigma }, i) => steps[i + 1]?.sigma ?? Math.hypot(a * sigma, c));
    const walk = { initialSigma: sampler.initialSigma(options), steps: steps.length };
    return walked(drawing, walk, async function* (problem) {
      let step = 0;
      for await (const now of takeSteps(problem, steps)) yield { ...now, sigma: after[step++]! };
    });
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

const reverse: Method = {
  summary: "the reverse process, a step for each of the chain's: for models of a diffusion",
  source: "Sohl-Dickstein et al. 2015",
  nfe: ({ steps }) => steps,
  fit(options, steps) {
    if (steps === options.steps) return options;
    throw new UserError(
      `reverse: the diffusion has ${options.steps} steps and each has to be taken, got ${steps}`,
    );
  },
  check({ guidance }) {
    if (guidance !== undefined) throw new UserError("reverse: these steps know no --guidance; leave it out");
  },
  async *run(request) {
    for await (const now of sampleReverse(request)) yield { ...now, done: share(now) };
  },
};

const adjusted: Method = {
  ...counted,
  summary: "Langevin steps that are accepted or refused, so that none biases: for energy-based models",
  source: "Besag 1994; Roberts & Tweedie 1996",
  stepSized: () => true,
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
    const x = startAt(dimensions, samplers.langevin.initialSigma(options), generatorsOf(request));
    for await (const now of mala({ ...options, target, x, dimensions, seed }))
      yield { ...now, sigma, first: 0, done: now.step / now.steps, x: async () => Float32Array.from(now.x) };
  },
};

/** Solvers, which run on the host and ask the network for the denoised. */
const solved = (solver: Solver): DenoiserMethod => ({
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
    yield* drawOnHost(request, this.draw);
  },
  draw: (drawing) => {
    const { options } = drawing;
    const steps =
      solver.nfe(options) === undefined ? undefined : options.sigmas.length - Number(!options.denoise);
    const walk = { initialSigma: options.sigmas[0]!, steps };
    return walked(drawing, walk, (problem) => solver.solve(problem, options));
  },
});

/** With the network as the denoiser. */
async function* drawOnHost(request: Request, draw: DenoiserMethod["draw"]): AsyncGenerator<Stage, void> {
  const { artifact, options, labels } = request;
  const { shape, classes } = artifact.manifest.data;
  await using field = await Field.open(request);
  const denoise = networkDenoiser(field, { labels, none: classes, guidance: options.guidance });
  const each = networkEvaluations(options);
  for await (const now of draw({ ...request, denoise, dimensions: sizeOf(shape) }))
    yield { ...now, nfe: each * now.nfe };
}

interface Walk {
  readonly initialSigma: number;
  readonly steps: number | undefined;
}

/** Sets the samples off and counts the steps of what moves them. */
async function* walked(
  drawing: Drawing,
  { initialSigma, steps }: Walk,
  move: (problem: Problem) => AsyncGenerator<SolverProgress, void>,
): AsyncGenerator<HostStage, void> {
  const { options, dimensions } = drawing;
  const denoise = clipped(drawing.denoise, options.clip, { dimensions });
  const random = drawing.random ?? generatorsOf(drawing);
  const x = startAt(dimensions, initialSigma, random, drawing.origin);
  let step = 0;
  for await (const now of move({ denoise, x, dimensions, random })) {
    step++;
    const done = steps && step / steps;
    yield { ...now, step, steps, done, first: 0, x: async () => Float32Array.from(now.x) };
  }
}

/** As many levels of the model's own, all of them at most: a network that was trained on a ladder knows no others. */
const trained =
  ({ sigmas }: MethodOptions): Grid =>
  (levels) =>
    thinned(sigmas, Math.min(levels, sigmas.length));

const generatorsOf = ({ count, seed }: Pick<Drawing, "count" | "seed">): RandomStream[] =>
  Array.from({ length: count }, (_, i) => stream(seed, "sample", i));

/** Noise of this standard deviation, [n*D], the first that each sample's generator gives, as on the device; added to `origin`. */
function startAt(
  dimensions: number,
  std: number,
  random: readonly Noise[],
  origin?: ArrayLike<number>,
): Float32Array {
  const z = Float32Array.from({ length: random.length * dimensions }, (_, at) =>
    random[Math.floor(at / dimensions)]!.normal(),
  );
  return z.map((value, at) => (origin?.[at] ?? 0) + value * std);
}

type Table<T> = { readonly [K in keyof T]: DenoiserMethod };

const mapped = <T extends object, E>(table: T, make: (entry: E) => DenoiserMethod): Table<T> =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, make(entry as E)])) as Table<T>;

/** The methods that any denoiser serves. */
export const denoiserMethods = { ...mapped(samplers, affine), ...mapped(solvers, solved) };

export const methods = {
  ...denoiserMethods,
  mala: adjusted,
  chains,
  reverse,
};

export type MethodName = keyof typeof methods;
