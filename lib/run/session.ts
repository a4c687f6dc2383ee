// Sessions: an artifact's graphs, loaded on a device and released with `await using`.
import type * as ort from "onnxruntime-common";
import type { LoweringName } from "../artifact/lowering.ts";
import type { GraphEntry, Manifest } from "../artifact/manifest.ts";
import { withConstantInput } from "../artifact/onnx/constant-input.ts";
import { UserError } from "../errors.ts";
import { complaint, type Device, type Runtime } from "./device.ts";

/** Graph files and what they are, from a folder, a web server or memory. */
export interface Artifact {
  readonly manifest: Manifest;
  /** The folder or address, for error messages. */
  readonly where: string;
  /** The bytes of one of the files that the manifest names. */
  read(file: string): Promise<Uint8Array>;
}

/** Writes a portable model anew for some machines; `constants` are inputs that keep their values while it is loaded. */
type Lower = (
  model: Uint8Array,
  lowering: LoweringName,
  constants: ReadonlySet<string>,
) => Uint8Array | Promise<Uint8Array>;

/** Where to run: the injected runtime and one of its devices. */
export interface Host {
  readonly ort: Runtime;
  readonly device: Device;
  /** How graphs become those that the device runs faster where an artifact has none of them; without it they run as they are. */
  readonly lower?: Lower | undefined;
}

export type Tensors = Readonly<Record<string, ort.Tensor>>;

export class Session implements AsyncDisposable {
  private readonly session: ort.InferenceSession;
  private readonly device: Device;

  constructor(session: ort.InferenceSession, device: Device) {
    this.session = session;
    this.device = device;
  }

  /** Runs the graph. Throws Error for a feed that lives on a GPU while the graph does not, which the runtime would read as garbage. */
  async run(feeds: Tensors): Promise<Tensors> {
    const foreign = Object.entries(feeds).find(([, tensor]) => tensor.location !== "cpu");
    if (foreign && this.device.resident !== "gpu")
      throw new Error(
        `session: input "${foreign[0]}" lies on "${foreign[1].location}", this session runs on the ${this.device.name}; read it back first`,
      );
    const { session, device } = this;
    const outputs = await device.queue.run(() => session.run(feeds));
    return outputs as Tensors; // our graphs have no other outputs
  }

  /** The graph's inputs as it declares them, each as "name type [shape]". */
  get inputs(): string[] {
    return this.session.inputMetadata.map((input) =>
      input.isTensor ? described(input.name, input.type, input.shape) : input.name,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.device.queue.run(() => this.session.release());
  }
}

/**
 * Loads a model's bytes, read from `where`; outputs named in `onDevice` stay in the GPU's memory where state does.
 * Throws UserError in one line for bytes that the device cannot run.
 */
export async function openSession(
  { ort, device }: Host,
  bytes: Uint8Array,
  where: string,
  onDevice: readonly string[] = [],
): Promise<Session> {
  const gpu = Object.fromEntries(onDevice.map((name) => [name, "gpu-buffer" as const]));
  try {
    const options = {
      ...device.sessionOptions,
      graphOptimizationLevel: "all",
      executionMode: "sequential",
      enableMemPattern: false,
      ...(device.resident === "gpu" && { preferredOutputLocation: gpu }),
    } as const;
    return new Session(await device.queue.run(() => ort.InferenceSession.create(bytes, options)), device);
  } catch (error) {
    throw new UserError(
      `${where}: ONNX Runtime cannot load it on the ${device.name} (${complaint(error)}); re-author with \`bun scripts/author.ts\``,
      { cause: error },
    );
  }
}

/** A loaded graph: its ports, and which outputs replace which resident tensors (output name to tensor name). */
export interface Graph extends AsyncDisposable {
  readonly session: Session;
  readonly entry: GraphEntry;
  readonly replaces: Readonly<Record<string, string>>;
}

function withConstants(bytes: Uint8Array, constants: NonNullable<GraphOptions["constants"]>, where: string) {
  try {
    return Object.entries(constants).reduce(
      (model, [name, data]) => withConstantInput(model, name, data),
      bytes,
    );
  } catch (cause) {
    throw new UserError(
      `${where}: not the graph that the manifest describes; re-author with \`bun scripts/author.ts\``,
      {
        cause,
      },
    );
  }
}

const described = (name: string, type: string, shape: readonly (number | string)[]) =>
  `${name} ${type} [${shape}]`;

/** A file of another model would fail in the middle of a run, or compute something else. */
function requireInputs(session: Session, { file, inputs }: GraphEntry, where: string): void {
  const expected = inputs.map(({ name, dtype, shape }) => described(name, dtype, shape));
  const found = session.inputs;
  const missing = expected.find((input) => !found.includes(input));
  const surplus = found.find((input) => !expected.includes(input));
  if (missing ?? surplus)
    throw new UserError(
      `${where}: ${file} is another model's graph: expected ${missing ?? "no further"} as input, got ${surplus ?? "none"}; re-author with \`bun scripts/author.ts\``,
    );
}

export interface GraphOptions {
  /** Outputs that replace resident tensors besides the state: output name to tensor name. */
  readonly replaces?: Readonly<Record<string, string>>;
  /** Inputs that keep one value for as long as the graph is open, which lets the runtime prepare for it. */
  readonly constants?: Readonly<Record<string, Float32Array>>;
  /** Outputs besides that stay where state does, until somebody reads them. */
  readonly stays?: readonly string[];
}

/** A graph as the device runs it best: lowered where it was written, lowered here, or portable. */
async function readGraph(
  { device: { lowering }, lower }: Host,
  { read }: Artifact,
  { file, lowered }: GraphEntry,
  constants: ReadonlySet<string>,
) {
  const own = lowering && lowered?.[lowering];
  const bytes = await read(own ?? file);
  if (own || !lowering || !lower) return { file: own ?? file, bytes };
  return { file, bytes: await lower(bytes, lowering, constants) };
}

/** Loads one of the artifact's graphs; state outputs stay on the device. Throws UserError for a file of another model. */
export async function openGraph(
  host: Host,
  artifact: Artifact,
  whole: GraphEntry,
  { replaces = {}, constants = {}, stays = [] }: GraphOptions = {},
): Promise<Graph> {
  const entry = { ...whole, inputs: whole.inputs.filter(({ name }) => !(name in constants)) };
  const states = entry.outputs.flatMap((port) => (port.role === "state" ? [[port.name, port.of]] : []));
  const all = { ...Object.fromEntries(states), ...replaces };
  const { file, bytes: written } = await readGraph(host, artifact, entry, new Set(Object.keys(constants)));
  const where = `${artifact.where}: ${file}`;
  const bytes = withConstants(written, constants, where);
  const session = await openSession(host, bytes, where, [...Object.keys(all), ...stays]);
  await using unfit = new AsyncDisposableStack();
  unfit.use(session);
  requireInputs(session, entry, artifact.where);
  unfit.move();
  return {
    session,
    entry,
    replaces: all,
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
