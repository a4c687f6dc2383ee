// Where the time of a training step goes, by ONNX Runtime's own profile: by operator, by shape and by layer of the network.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../lib/run/session.ts";
import { table } from "../cli/report.ts";
import { authorCase, type Case } from "./cases.ts";
import { openers } from "./contestant.ts";
import { type Kernel, kernelsOf } from "./kernels.ts";
import { layersOf, type Phase, type Place, placesOf } from "./layers.ts";
import { problemOf } from "./problem.ts";

const runs = 5;

export interface Profile {
  readonly case: string;
  /** Milliseconds of all kernels of a step. */
  readonly total: number;
  readonly operators: readonly Group[];
  /** The costliest. */
  readonly shapes: readonly Group[];
  /** In the network's order, then what serves no layer. */
  readonly layers: readonly LayerTime[];
}

interface Group {
  readonly of: string;
  readonly milliseconds: number;
  readonly share: number;
  readonly nodes: number;
}

interface LayerTime extends Readonly<Record<Phase, number>> {
  readonly layer: string;
  readonly share: number;
}

/** Profiles some steps, with a little more time for each node than it takes without a profile. */
export async function profile(name: string, each: Case, host: Host): Promise<Profile> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "langevin-profile-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const authored = authorCase(each, host.device.lowering);
  const problem = problemOf(authored.manifest);
  const optimized = join(folder, "optimized.onnx");
  const asked = {
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
    optimizedModelFilePath: optimized,
  };
  const device = { ...host.device, sessionOptions: { ...host.device.sessionOptions, ...asked } };
  const runner = await openers.step({ ...host, device, name, authored, problem, repeats: 1 });
  for (let i = 0; i < runs; i++) await runner.values();
  // Profiles are written when sessions end.
  await runner[Symbol.asyncDispose]();
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json"));
  const profiles = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  // State on a GPU is moved by small sessions, which write profiles too.
  const longest = profiles.reduce((a, b) => (b.length > a.length ? b : a));
  const kernels = kernelsOf(longest, runs);
  const total = sumOf(kernels);
  const { parameters } = authored.manifest;
  const places = placesOf(await readFile(optimized), parameters);
  return {
    case: name,
    total,
    operators: grouped(kernels, ({ operator }) => operator, total),
    shapes: grouped(kernels, ({ operator, shape }) => `${operator} ${shape}`, total).slice(0, 25),
    layers: byLayer(kernels, places, layersOf(parameters)),
  };
}

const sumOf = (kernels: readonly Kernel[]) =>
  kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);

function grouped(kernels: readonly Kernel[], key: (kernel: Kernel) => string, total: number): Group[] {
  return [...Map.groupBy(kernels, key)]
    .map(([of, members]) => {
      const milliseconds = sumOf(members);
      return { of, milliseconds, share: milliseconds / total, nodes: members.length };
    })
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

const unplaced = "other";

const serves = ({ layer, phase }: Place) =>
  layer ?? (phase === "optimizer" ? "the optimizer" : "noise and loss");

/** Layers in the order of `names`, then what serves none of them. */
function byLayer(
  kernels: readonly Kernel[],
  places: ReadonlyMap<string, Place>,
  names: readonly string[],
): LayerTime[] {
  const total = sumOf(kernels);
  const rows = Map.groupBy(kernels, ({ node }) => {
    const place = places.get(node);
    return place ? serves(place) : unplaced;
  });
  const order = new Set([...names, ...rows.keys()].filter((name) => rows.has(name)));
  return [...order].map((layer) => {
    const members = rows.get(layer)!;
    const time = (phase: Phase) => sumOf(members.filter(({ node }) => places.get(node)?.phase === phase));
    const times = { forward: time("forward"), backward: time("backward"), optimizer: time("optimizer") };
    return { layer, ...times, share: sumOf(members) / total };
  });
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

const lines = (groups: readonly Group[]) =>
  table(
    groups.map(({ of, milliseconds, share, nodes }) => [
      `  ${of}`,
      milliseconds.toFixed(2),
      percent(share),
      `${nodes} nodes`,
    ]),
  );

export function profileText({ case: name, total, operators, shapes, layers }: Profile): string {
  const rows = layers.map(({ layer, share, forward, backward, optimizer }) => [
    `  ${layer}`,
    ...[forward, backward, optimizer].map((time) => (time > 0 ? time.toFixed(2) : "")),
    percent(share),
  ]);
  const head = ["  layer", "forward", "backward", "optimizer", "share"];
  return [
    `${name}: ${total.toFixed(1)} ms`,
    lines(operators),
    "",
    lines(shapes),
    "",
    table([head, ...rows]),
  ].join("\n");
}
