// Our own graphs as contestants: a training step, an evaluation and a whole sampling run, on fixed feeds.
import { type GraphEntry, stateNames } from "../../lib/artifact/manifest.ts";
import type { Authored } from "../../lib/author/author.ts";
import { Feeds } from "../../lib/run/feeds.ts";
import { initialState } from "../../lib/run/initialize.ts";
import {
  type Artifact,
  type GraphOptions,
  type Host,
  openGraph,
  type Tensors,
} from "../../lib/run/session.ts";
import { openResident } from "../../lib/run/state.ts";
import { methods } from "../recipes/methods.ts";
import type { WorkName } from "./cases.ts";
import { type Contestant, timed } from "./measure.ts";
import { type Problem, samplingSeed, valuesAt } from "./problem.ts";

/** What others can be asked to solve as well. */
export type Contest = Extract<WorkName, "step" | "evaluation" | "sampling">;

export interface Runner extends Contestant, AsyncDisposable {
  /** Solves the problem once more: some of the numbers that come out, a thousand at most, evenly spread. */
  values(): Promise<readonly number[]>;
}

interface Entry extends Host {
  readonly name: string;
  readonly authored: Authored;
  readonly problem: Problem;
  /** Solutions in a row in each round. */
  readonly repeats: number;
}

export const artifactOf = ({ manifest, files }: Authored): Artifact => ({
  manifest,
  where: "bench",
  read: async (file) => files.get(file)!,
});

const spread = (values: ArrayLike<number>): number[] => {
  const stride = Math.ceil(values.length / 1000);
  return Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]!);
};

/** Opens one of the graphs; a training step goes on from the last one's weights. */
async function openGraphRunner(
  entry: Entry,
  graph: GraphEntry,
  options: GraphOptions,
  valuesOf: (outputs: Tensors, read: (name: string) => Promise<Float32Array>) => Promise<readonly number[]>,
): Promise<Runner> {
  const { name, authored, problem, repeats } = entry;
  const { manifest } = authored;
  await using resources = new AsyncDisposableStack();
  const tensors = resources.use(await openResident(entry));
  const opened = resources.use(await openGraph(entry, artifactOf(authored), graph, options));
  const state = initialState(manifest, 0);
  for (const each of stateNames(manifest)) await tensors.set(each, [manifest.parameterCount], state[each]!);
  for (const each of ["x", "next", "denoised"])
    await tensors.set(each, [manifest.batch, ...manifest.data.shape], problem.x);
  const feeds = new Feeds(entry.ort, manifest, opened.entry);
  let steps = 0;
  const next = () => feeds.fill(valuesAt(problem, ++steps));
  const answer = () => tensors.run(opened, feeds.tensors);
  const held = resources.move();
  return {
    name,
    values: async () => {
      next();
      return valuesOf(await answer(), (tensor) => tensors.read(tensor));
    },
    run: async () => {
      next();
      return timed(answer, repeats);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A whole run of the sampler as `scripts/sample.ts` takes it, the opening of its session included. */
async function openSampling(entry: Entry): Promise<Runner> {
  const { name, authored, problem, repeats } = entry;
  const { weights, plan } = problem;
  if (!plan) throw new Error("bench: expected a case with a sampling plan");
  const request = { ...entry, ...plan, artifact: artifactOf(authored), weights, seed: samplingSeed };
  const draw = async () => {
    for await (const now of methods[plan.method].run(request)) if (now.step === now.steps) return now.x();
    throw new Error("bench: the sampler took no step");
  };
  return {
    name,
    // diffusers' pipeline cuts its images off.
    values: async () => spread((await draw()).map((value) => Math.min(1, Math.max(-1, value)))),
    run: () => timed(draw, repeats),
    [Symbol.asyncDispose]: async () => {},
  };
}

export const openers: Readonly<Record<Contest, (entry: Entry) => Promise<Runner>>> = {
  step: (entry) =>
    openGraphRunner(entry, entry.authored.manifest.graphs.step, {}, async ({ loss, gradient_norm }) =>
      [loss!, gradient_norm!].map(({ data }) => Number(data[0])),
    ),
  evaluation: (entry) => {
    const replaces = { x_next: "next", denoised: "denoised" };
    const options = { replaces, constants: { params: entry.problem.weights } };
    return openGraphRunner(entry, entry.authored.manifest.graphs.sampling[0]!, options, async (_, read) =>
      spread(await read("denoised")),
    );
  },
  sampling: openSampling,
};
