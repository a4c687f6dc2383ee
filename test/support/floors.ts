// Who may import whom, as a table, and what to do instead of an edge that it forbids.
import type { Edge } from "./imports.ts";

interface Floor {
  /** A file belongs to the first floor whose prefix its path has. */
  readonly files: string;
  /** Prefixes of what it may name besides itself; `type ` before one means erased imports only. */
  readonly may: readonly string[];
  /** What its files know and therefore what to do instead. */
  readonly why: string;
}

const host = ["node:", "global:"];
const authorBase = ["lib/theory", "lib/artifact", "lib/errors.ts"];
const layer = (name: string, below: readonly string[], why: string): Floor => ({
  files: `lib/author/${name}/`,
  may: [...below, ...authorBase],
  why,
});
const graph = "lib/author/graph";
const autodiff = "lib/author/autodiff";
const runs = ["lib/run/", "lib/artifact", "lib/theory", "lib/random.ts", "lib/errors.ts"];
const running = "running knows nothing of gradients; put what both need into lib/artifact";
const drawing = ["brush.ts", "digits.ts", "glyphs.ts", "rasterise.ts", "shapes.ts"];
const drawn = [
  "batches.ts",
  "binary-digits.ts",
  "builtins.ts",
  "dataset.ts",
  "densities/",
  "heartbeat.ts",
  "points.ts",
  ...drawing,
].map((name) => `lib/data/${name}`);

export const floors: readonly Floor[] = [
  { files: "lib/errors.ts", may: [], why: "errors stand on nothing" },
  { files: "lib/random.ts", may: ["lib/errors.ts"], why: "random numbers stand on errors alone" },
  {
    files: "lib/theory/",
    may: ["lib/random.ts", "lib/errors.ts"],
    why: "theory is arithmetic on plain numbers; take what it needs as an argument",
  },
  {
    files: "lib/artifact/",
    may: ["lib/errors.ts", "zod", "@bufbuild/protobuf"],
    why: "the file formats know neither who writes nor who runs them; move the code that does to its side",
  },
  { files: "lib/images/pixels.ts", may: [], why: "pixel values are arithmetic, in a browser too" },
  {
    files: "lib/images/",
    may: ["lib/errors.ts", "sharp", ...host],
    why: "images are pixels and files; take what it needs as an argument",
  },
  {
    files: "lib/plots/",
    may: ["lib/images", "lib/errors.ts", "sharp", "vega", "vega-lite", ...host],
    why: "figures are made of plain numbers; compute them before, and pass them in",
  },
  ...drawn.map((files) => ({
    files,
    may: [...drawn, "lib/images/pixels.ts", "lib/theory", "lib/random.ts", "lib/errors.ts"],
    why: "built-in data must run in a browser; leave what reads files to lib/data/open.ts",
  })),
  {
    files: "lib/data/",
    may: ["lib/images", "lib/theory", "lib/random.ts", "lib/errors.ts", "sharp", "csv-parse", ...host],
    why: "data knows images and the laws of points, not models; take what it needs as an argument",
  },
  layer(
    "graph",
    [],
    "the graph is the algebra that everything else in lib/author stands on; move the code up",
  ),
  layer(
    "onnx",
    [graph, "@bufbuild/protobuf"],
    "emission writes down a finished graph; do the work before, and pass it tensors",
  ),
  layer("autodiff", [graph], "a rule calls public operators only; put the operator into lib/author/graph"),
  layer("lower", [graph], "a rewrite maps tensors to tensors; put the operator into lib/author/graph"),
  layer("nn", [graph], "layers are compositions of operators; a model's own choices belong to models"),
  layer("optim", [graph], "an optimizer sees gradients, not where they come from; pass it tensors"),
  layer("objectives", [autodiff, graph], "an objective sees a score function; pass it what it needs"),
  {
    files: "lib/author/",
    may: ["lib/author", ...authorBase],
    why: "authoring runs nothing and reads no data; write what running needs into the artifact",
  },
  ...["checkpoint", "files", "folder", "metrics", "weights"].map((name) => ({
    files: `lib/run/${name}.ts`,
    may: [...runs, "zod", ...host],
    why: running,
  })),
  { files: "lib/run/", may: [...runs, "zod", "type lib/data", "type onnxruntime-common"], why: running },
  {
    files: "models/",
    may: [
      graph,
      "lib/author/nn",
      "type lib/author",
      "type lib/artifact",
      "lib/theory",
      "lib/errors.ts",
      "zod",
    ],
    why: "a model is graph code alone; training, files and data belong to lib/run, lib/data and scripts",
  },
  {
    files: "scripts/recipes/",
    may: ["models", "lib"],
    why: "recipes are what the command line and the page share: pass them what only one of them knows",
  },
  { files: "scripts/", may: ["scripts", "models", "lib", "package:", ...host], why: "only tests use test/" },
];

/** Reasons that hold wherever the edge starts; the first that fits the target is given. */
const reasons: readonly (readonly [target: RegExp, start: RegExp, why: string])[] = [
  [
    /^(models|scripts|test)\//,
    /^lib\//,
    "lib/ does not know what is built on it; move what it needs into lib/",
  ],
  [
    /^onnxruntime/,
    /^/,
    "only lib/run knows the runtime, as types of onnxruntime-common; a script passes it in",
  ],
  [
    /^(node:|bun$|bun:|sharp$|global:)/,
    /^/,
    "it must run in a browser; leave this to data, images, files of runs or scripts",
  ],
  [/^lib\/data\//, /^lib\/run\//, "running knows data sets by their type; let the caller pass one in"],
  [/^computed:/, /^/, "a computed name hides what is imported; write the name out"],
  [
    /^(?!(lib|models|scripts|test)\/)/,
    /^/,
    "this folder does without that package; if it must not, add it to the table of floors",
  ],
];

/** Why an edge is forbidden, as one sentence that says what to do; undefined for an edge that is allowed. */
export function complaint(edge: Edge): string | undefined {
  const { from, to } = edge;
  const floor = floors.find(({ files }) => from.startsWith(files));
  if (floor === undefined) return `${from} is on no floor: add its folder to the table of floors`;
  if (to.startsWith(floor.files) || floor.may.some((entry) => allows(entry, edge))) return undefined;
  const general = reasons.find(([target, start]) => target.test(to) && start.test(from));
  return `${from} ${to.startsWith("global:") ? "uses" : "imports"} ${to}: ${general?.[2] ?? floor.why}`;
}

const isPackage = (to: string) => !/^(lib|models|scripts|test)\/|^[a-z]+:/.test(to);

function allows(entry: string, { to, typeOnly }: Edge): boolean {
  if (entry.startsWith("type ")) return typeOnly && under(entry.slice(5), to);
  return entry === "package:" ? isPackage(to) : under(entry, to);
}

const under = (entry: string, to: string) =>
  to === entry || to.startsWith(/[:/]$/.test(entry) ? entry : `${entry}/`);
