// The manifest: what an artifact's graphs are, what feeds each input, and how the flat parameter vector is laid out.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { diffusionSchema } from "./diffusion.ts";
import { initialisationSchema } from "./initialisation.ts";
import { loweringNames } from "./lowering.ts";
import { negativesProblems, negativesSchema } from "./negatives.ts";
import { noiseSchema } from "./noise.ts";
import { sizeOf } from "./shape.ts";

/** The manifest version that this build writes and reads. */
export const manifestVersion = 2;

/** The state vector that training changes and the one that it averages; an optimizer's slots stand beside them. */
const weightStates = ["params", "ema"] as const;

const maxElements = 2 ** 31;

const count = z.int().nonnegative();
const positiveInteger = z.int().positive();
const positive = z.number().positive();
const fraction = z.number().min(0).lt(1);
const name = z.string().regex(/^\P{Cc}+$/u, "expected a name without control characters");

const fileName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "expected a plain file name (letters, digits, _ - .)")
  .refine((file) => !file.includes(".."), "expected a plain file name without ..");

const shape = z
  .array(positiveInteger)
  .refine((sizes) => sizeOf(sizes) < maxElements, "expected fewer than 2^31 elements");

const parameter = z.strictObject({ name, shape, offset: count, init: initialisationSchema });

const portShape = { name, dtype: z.enum(["float32", "int32"]), shape };

const inputPort = z.strictObject({
  ...portShape,
  feed: z.enum([
    "state",
    "gradient",
    "data",
    "label",
    "normal",
    "rademacher",
    "uniform",
    "sigma",
    "importance",
    "time",
    "schedule",
    "sample",
    "negative",
  ]),
});

const outputPort = z.discriminatedUnion("role", [
  z.strictObject({ ...portShape, role: z.literal("state"), of: name }),
  ...(["loss", "gradient", "metric", "sample", "energy", "fraction"] as const).map((role) =>
    z.strictObject({ ...portShape, role: z.literal(role) }),
  ),
]);

const graphShape = {
  file: fileName,
  lowered: z.partialRecord(z.enum(loweringNames), fileName).exactOptional(),
  inputs: z.array(inputPort),
  outputs: z.array(outputPort).min(1),
};
const graph = z.strictObject(graphShape);
const samplingGraph = z.strictObject({ ...graphShape, batch: positiveInteger });

const optimizerShape = {
  slots: z.array(fileName),
  learningRate: positive,
  warmupSteps: count,
  decay: z.enum(["constant", "cosine"]),
  totalSteps: positiveInteger,
  weightDecay: z.number().nonnegative(),
  clipNorm: positive.nullable(),
};

const optimizer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("adamw"),
    ...optimizerShape,
    betas: z.tuple([fraction, fraction]),
    epsilon: positive,
  }),
  z.strictObject({ kind: z.literal("sgd"), ...optimizerShape, momentum: fraction }),
  z.strictObject({
    kind: z.literal("rmsprop"),
    ...optimizerShape,
    smoothing: fraction,
    momentum: fraction,
    epsilon: positive,
  }),
]);

const schema = z.strictObject({
  format: z.literal("langevin"),
  version: z.literal(manifestVersion),
  preset: name,
  model: z.strictObject({ folder: fileName, config: z.record(z.string(), z.unknown()) }),
  objective: name,
  noise: noiseSchema,
  langevin: z.strictObject({ stepSize: positive, stepsPerLevel: positiveInteger }),
  data: z.strictObject({
    source: name,
    shape: shape.min(1),
    classes: count,
    unconditional: positive.lt(1).optional(),
    units: z.strictObject({ offset: z.array(z.number()), scale: z.array(positive) }).optional(),
    // How the source was opened, for whoever opens it again.
    options: z.record(z.string(), z.unknown()),
  }),
  batch: positiveInteger,
  microBatch: positiveInteger.exactOptional(),
  gradientCheckpointing: z.literal(true).exactOptional(),
  negatives: negativesSchema.optional(),
  diffusion: diffusionSchema.optional(),
  parameters: z.array(parameter).min(1),
  parameterCount: positiveInteger.lt(maxElements),
  optimizer,
  ema: z.strictObject({ decay: z.number().min(0).max(1) }),
  graphs: z.strictObject({
    training: graph,
    eval: graph,
    optimizer: graph,
    step: graph,
    negatives: graph.exactOptional(),
    likelihood: graph.exactOptional(),
    sampling: z.array(samplingGraph).min(1),
  }),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/**
 * All that running an artifact needs. `noise.sigmas` is the ladder, strictly descending, without the final 0, or [0] for clean
 * data, whose noise may be that of a `diffusion`; `data.shape` is [C,H,W] for images, [D] for points, whose source has column d at offset[d] + scale[d]·x[d] of `units`;
 * `data.classes` 0 means unlabelled; `data.unconditional` is the share of samples whose class training hides, by telling the network
 * class number `data.classes`; `microBatch`, a divisor of `batch`, is how many samples the graphs of training see at once: `graphs.step` then adds
 * their gradient to that of the ones before, and `graphs.optimizer` follows after the last; with `gradientCheckpointing` they compute much of the forward pass twice; `optimizer.slots` name the flat vectors beside `params` and `ema`.
 */
export type Manifest = DeepReadonly<z.infer<typeof schema>>;
export type OptimizerEntry = Manifest["optimizer"];
export type NegativesEntry = NonNullable<Manifest["negatives"]>;
export type DiffusionEntry = NonNullable<Manifest["diffusion"]>;
/** A graph file with its inputs (and what feeds them) and outputs (and what they are); `lowered` are files of the same for some machines, or the same file. */
export type GraphEntry = DeepReadonly<z.infer<typeof graph>>;
/** A graph that denoises `batch` images at once. */
export type SamplingEntry = DeepReadonly<z.infer<typeof samplingGraph>>;
/** A graph input; `feed` says where its values come from: the run's state, the data, a random stream, a schedule, the sampler. */
export type InputPort = GraphEntry["inputs"][number];
/** A graph output; a `state` output replaces the state input named `of`. */
export type OutputPort = GraphEntry["outputs"][number];
export type Feed = InputPort["feed"];

/** The flat float32 vectors that a run carries from step to step: params, ema, then the optimizer's slots. */
export function stateNames(manifest: Pick<Manifest, "optimizer">): readonly string[] {
  return [...weightStates, ...manifest.optimizer.slots];
}

/** How many samples the graphs see at once, but for those that sample. */
export const samplesAtOnce = ({ batch, microBatch }: Pick<Manifest, "batch" | "microBatch">): number =>
  microBatch ?? batch;

/** The name among a run's tensors of the chains that persistent negatives go on from. */
export const chainsName = "negatives";

/** The names among a run's tensors of the last losses at each time of a chain, and of how many there are. */
export const lossesName = "losses";
export const lossCountsName = "loss_counts";

/**
 * Every tensor that a checkpoint holds, with its shape: the flat vectors, the chains of persistent negatives, and the losses that
 * training's times are drawn by.
 */
export function carriedShapes(manifest: Manifest): ReadonlyMap<string, readonly number[]> {
  const { parameterCount, negatives, data, noise } = manifest;
  const shapes = new Map<string, readonly number[]>();
  for (const name of stateNames(manifest)) shapes.set(name, [parameterCount]);
  if (negatives?.start === "persistent") shapes.set(chainsName, [negatives.buffer, ...data.shape]);
  const { training } = noise;
  if (training.kind === "loss-second-moment") {
    shapes.set(lossesName, [training.steps, training.history]);
    shapes.set(lossCountsName, [training.steps]);
  }
  return shapes;
}

function* unique(what: string, names: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const each of names) {
    if (seen.has(each)) yield `${what}: expected distinct names, got "${each}" twice`;
    seen.add(each);
  }
}

const namesOf = (named: readonly { readonly name: string }[]) => named.map((each) => each.name);

function* parametersTile({ parameters, parameterCount }: Manifest): Generator<string> {
  let end = 0;
  for (const { name, shape, offset } of parameters) {
    if (offset !== end) yield `parameters: ${name} expected at offset ${end}, got ${offset}`;
    end = offset + sizeOf(shape);
  }
  if (end !== parameterCount)
    yield `parameterCount: expected ${end}, where the parameters end, got ${parameterCount}`;
}

function* sigmasDescend({ noise: { sigmas } }: Manifest): Generator<string> {
  const at = sigmas.findIndex((sigma, level) => level > 0 && sigma >= sigmas[level - 1]!);
  if (at > 0)
    yield `noise.sigmas: expected strictly descending, got ${sigmas[at - 1]} then ${sigmas[at]} at level ${at}`;
}

function* zeroStandsAlone({ noise: { sigmas } }: Manifest): Generator<string> {
  if (sigmas.includes(0) && sigmas.length > 1)
    yield "noise.sigmas: expected 0, for clean data, to be the only level";
}

function* microBatchDivides({ batch, microBatch }: Manifest): Generator<string> {
  if (microBatch !== undefined && batch % microBatch !== 0)
    yield `microBatch: expected a divisor of the batch, ${batch}, got ${microBatch}`;
}

function* unitsFit({ data: { shape, units } }: Manifest): Generator<string> {
  if (
    units &&
    !(shape.length === 1 && [units.offset, units.scale].every(({ length }) => length === shape[0]))
  )
    yield `data.units: expected ${shape[0]} offsets and scales for points [${shape}]`;
}

function* hiddenClassesExist({ data: { classes, unconditional } }: Manifest): Generator<string> {
  if (unconditional !== undefined && classes === 0)
    yield `data.unconditional: expected classes that training can hide ${unconditional} of the time, got none`;
}

function* graphIsConsistent([where, graph]: readonly [string, GraphEntry]): Generator<string> {
  const { inputs, outputs } = graph;
  yield* unique(`${where}.inputs`, namesOf(inputs));
  yield* unique(`${where}.outputs`, namesOf(outputs));
  for (const output of outputs) {
    if (output.role !== "state") continue;
    const input = inputs.find((port) => port.feed === "state" && port.name === output.of);
    if (!input)
      yield `${where}.outputs: ${output.name} replaces "${output.of}", which is no state input of this graph`;
    else if (input.dtype !== output.dtype || input.shape.join() !== output.shape.join()) {
      yield `${where}.outputs: ${output.name} is ${output.dtype} [${output.shape}], ${output.of} is ${input.dtype} [${input.shape}]`;
    }
  }
}

function* graphsAreConsistent({ graphs: { sampling, ...others } }: Manifest): Generator<string> {
  const named = [...Object.entries(others), ...sampling.map((graph, i) => [`sampling.${i}`, graph] as const)];
  for (const [key, graph] of named) yield* graphIsConsistent([`graphs.${key}`, graph]);
  yield* unique(
    "graphs.sampling batches",
    sampling.map((graph) => `${graph.batch}`),
  );
}

function* negativesFit({ negatives, batch, graphs }: Manifest): Generator<string> {
  const fed = graphs.step.inputs.filter(({ feed }) => feed === "negative").length;
  if (negatives) yield* negativesProblems(negatives, batch);
  if (fed > 1 || new Set([fed > 0, !!negatives, !!graphs.negatives]).size > 1)
    yield `negatives: expected settings, a graph and one input of graphs.step that they feed, or none of them; got ${
      negatives ? "settings" : "no settings"
    }, ${graphs.negatives ? "a graph" : "no graph"} and ${fed} inputs`;
}

function* diffusionFits({ diffusion, graphs }: Manifest): Generator<string> {
  const fed = graphs.step.inputs.filter(({ feed }) => feed === "time").length;
  if (fed !== Number(!!diffusion))
    yield `diffusion: expected one input of graphs.step that its times feed, or neither; got ${
      diffusion ? "a diffusion" : "none"
    } and ${fed} inputs`;
}

const rules: readonly ((manifest: Manifest) => Iterable<string>)[] = [
  (manifest) => unique("parameters", namesOf(manifest.parameters)),
  (manifest) => unique("optimizer.slots", [...stateNames(manifest), chainsName, lossesName, lossCountsName]),
  parametersTile,
  sigmasDescend,
  zeroStandsAlone,
  microBatchDivides,
  unitsFit,
  hiddenClassesExist,
  negativesFit,
  diffusionFits,
  graphsAreConsistent,
];

/** At most three problems on one line, then how many more. */
function summary(problems: readonly string[]): string {
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
  return problems.slice(0, 3).join("; ").replace(/\s+/g, " ") + more;
}

function isOurs(json: unknown): json is { version?: unknown } {
  return typeof json === "object" && json !== null && "format" in json && json.format === "langevin";
}

/**
 * Checks a manifest's JSON, read from `where`, and its inner consistency.
 * Throws UserError in one line for anything else, another version included.
 */
export function parseManifest(json: unknown, where: string): Manifest {
  if (!isOurs(json)) throw new UserError(`${where}: not a langevin manifest (expected "format": "langevin")`);
  if (json.version !== manifestVersion) {
    throw new UserError(
      `${where}: manifest version ${JSON.stringify(json.version)}, this build reads version ${manifestVersion}; ` +
        "re-author with `bun scripts/author.ts` or update langevin",
    );
  }
  // To compile the schema takes longer than to check a few manifests, and most commands read one.
  const parsed = schema.safeParse(json, { jitless: true });
  const problems = parsed.success
    ? rules.flatMap((rule) => [...rule(parsed.data)])
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  if (problems.length > 0)
    throw new UserError(`${where}: ${summary(problems)}; re-author with \`bun scripts/author.ts\``);
  return parsed.data as Manifest;
}
