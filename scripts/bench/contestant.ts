// Our own graphs as contestants: a training step and an evaluation, on fixed feeds.
import { type GraphEntry, stateNames } from "../../lib/artifact/manifest.ts";
import type { Authored } from "../../lib/author/author.ts";
import { Feeds } from "../../lib/run/feeds.ts";
import { initialState } from "../../lib/run/initialize.ts";
import { type Host, openGraph, type Tensors } from "../../lib/run/session.ts";
import { openResident } from "../../lib/run/state.ts";
import { type Contestant, timed } from "./measure.ts";
import { type Problem, valuesAt } from "./problem.ts";

export type Work = "step" | "evaluation";

export interface Runner extends Contestant, AsyncDisposable {
  /** Runs once; what it answers. */
  answer(): Promise<Tensors>;
  /** The denoised images of the last evaluation. */
  denoised(): Promise<Float32Array>;
}

/** The artifact's graph for this work. */
const graphOf = ({ manifest }: Authored, work: Work): GraphEntry =>
  work === "step" ? manifest.graphs.step : manifest.graphs.sampling[0]!;

/** Opens one of the graphs; a training step goes on from the last one's weights. */
export async function openRunner(
  name: string,
  host: Host,
  authored: Authored,
  problem: Problem,
  work: Work,
): Promise<Runner> {
  const { manifest, files } = authored;
  const artifact = { manifest, where: name, read: async (file: string) => files.get(file)! };
  await using resources = new AsyncDisposableStack();
  const tensors = resources.use(await openResident(host));
  const entry = graphOf(authored, work);
  const samples = {
    replaces: { x_next: "next", denoised: "denoised" },
    constants: { params: problem.weights },
  };
  const graph = resources.use(await openGraph(host, artifact, entry, work === "step" ? {} : samples));
  const state = initialState(manifest, 0);
  for (const each of stateNames(manifest)) await tensors.set(each, [manifest.parameterCount], state[each]!);
  for (const each of ["x", "next", "denoised"])
    await tensors.set(each, [manifest.batch, ...manifest.data.shape], problem.x);
  const feeds = new Feeds(host.ort, manifest, graph.entry);
  let steps = 0;
  const answer = () => tensors.run(graph, feeds.tensors);
  const next = () => feeds.fill(valuesAt(problem, ++steps));
  const held = resources.move();
  return {
    name,
    answer: async () => {
      next();
      return answer();
    },
    run: async () => {
      next();
      return timed(answer);
    },
    denoised: () => tensors.read("denoised"),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
