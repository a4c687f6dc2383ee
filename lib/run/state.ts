// Resident tensors: what stays where the device computes, from run to run (weights, moments, averages, the sampler's x).
import type * as ort from "onnxruntime-common";
import type { Feed } from "../artifact/manifest.ts";
import type { Runtime } from "./device.ts";
import { identityModel } from "./identity.ts";
import { type Graph, type Host, openSession, type Session, type Tensors } from "./session.ts";

/** Inputs that resident tensors of the same name feed. */
export const residentFeeds: ReadonlySet<Feed> = new Set<Feed>(["state", "sample", "negative"]);

/** Named float32 tensors that graphs read and replace without crossing to the host. */
export interface ResidentTensors extends AsyncDisposable {
  /** Puts a copy of `data` in place of the tensor `name`. */
  set(name: string, shape: readonly number[], data: Float32Array): Promise<void>;
  /**
   * Runs a graph on `feeds` and the resident tensors; `rename` maps an input's name to the tensor that feeds it instead.
   * Outputs that replace tensors do so; the others are returned, on the CPU.
   */
  run(graph: Graph, feeds: Tensors, rename?: Readonly<Record<string, string>>): Promise<Tensors>;
  /** A copy on the host. */
  read(name: string): Promise<Float32Array>;
}

/** An empty set of tensors in the device's own memory. */
export const openResident = (host: Host): Promise<ResidentTensors> => residences[host.device.resident](host);

const residences = {
  cpu: async ({ ort }: Host) => new HostTensors(ort),
  gpu: async (host: Host) => {
    const upload = await openSession(host, identityModel(), "upload", ["y"]);
    const download = await openSession(host, identityModel(), "download");
    return new GpuTensors(host.ort, upload, download);
  },
} satisfies Record<string, (host: Host) => Promise<ResidentTensors>>;

function missing(name: string): never {
  throw new Error(`resident tensors: "${name}" is asked for but was never set (or is disposed of)`);
}

function residentInputs(
  { entry }: Graph,
  tensors: ReadonlyMap<string, ort.Tensor>,
  rename: Readonly<Record<string, string>>,
): Tensors {
  const names = entry.inputs.filter(({ feed }) => residentFeeds.has(feed)).map(({ name }) => name);
  return Object.fromEntries(
    names.map((name) => {
      const from = rename[name] ?? name;
      return [name, tensors.get(from) ?? missing(from)];
    }),
  );
}

function without(outputs: Tensors, { replaces }: Graph): Tensors {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !(name in replaces)));
}

const floatsOf = (tensor: ort.Tensor) => tensor.data as Float32Array;

/** In host memory: each tensor that is ever replaced has a second buffer, and a run writes the one that it does not read. */
class HostTensors implements ResidentTensors {
  private readonly front = new Map<string, ort.Tensor>();
  private readonly back = new Map<string, ort.Tensor>();
  private readonly ort: Runtime;

  constructor(runtime: Runtime) {
    this.ort = runtime;
  }

  async set(name: string, shape: readonly number[], data: Float32Array): Promise<void> {
    this.front.set(name, new this.ort.Tensor("float32", data.slice(), shape));
    this.back.delete(name);
  }

  async run(graph: Graph, feeds: Tensors, rename = {}): Promise<Tensors> {
    const { session, entry, replaces } = graph;
    const fetches = entry.outputs.map(({ name }) => {
      const replaced = replaces[name];
      return [name, replaced === undefined ? null : this.backOf(replaced)];
    });
    const inputs = { ...feeds, ...residentInputs(graph, this.front, rename) };
    const outputs = await session.run(inputs, Object.fromEntries(fetches));
    for (const name of Object.values(replaces)) this.swap(name);
    return without(outputs, graph);
  }

  async read(name: string): Promise<Float32Array> {
    return floatsOf(this.front.get(name) ?? missing(name)).slice();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.front.clear();
    this.back.clear();
  }

  private backOf(name: string): ort.Tensor {
    const known = this.back.get(name);
    if (known) return known;
    const { size, dims } = this.front.get(name) ?? missing(name);
    const tensor = new this.ort.Tensor("float32", new Float32Array(size), dims);
    this.back.set(name, tensor);
    return tensor;
  }

  private swap(name: string): void {
    const written = this.backOf(name);
    this.back.set(name, this.front.get(name)!);
    this.front.set(name, written);
  }
}

/**
 * In GPU memory: a run makes new tensors and the replaced ones are disposed of, since garbage collection never frees them.
 * Reading goes through a graph with its output on the CPU: `getData` on a GPU tensor aborts the process in onnxruntime-node.
 */
class GpuTensors implements ResidentTensors {
  private readonly tensors = new Map<string, ort.Tensor>();
  private readonly ort: Runtime;
  private readonly upload: Session;
  private readonly download: Session;

  constructor(runtime: Runtime, upload: Session, download: Session) {
    this.ort = runtime;
    this.upload = upload;
    this.download = download;
  }

  async set(name: string, shape: readonly number[], data: Float32Array): Promise<void> {
    const { y } = await this.upload.run({ x: new this.ort.Tensor("float32", data, shape) });
    this.replace(name, y!);
  }

  async run(graph: Graph, feeds: Tensors, rename = {}): Promise<Tensors> {
    const inputs = { ...feeds, ...residentInputs(graph, this.tensors, rename) };
    const outputs = await graph.session.run(inputs);
    for (const [output, name] of Object.entries(graph.replaces)) this.replace(name, outputs[output]!);
    return without(outputs, graph);
  }

  async read(name: string): Promise<Float32Array> {
    const { y } = await this.download.run({ x: this.tensors.get(name) ?? missing(name) });
    return floatsOf(y!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tensor of this.tensors.values()) tensor.dispose();
    this.tensors.clear();
    await this.upload[Symbol.asyncDispose]();
    await this.download[Symbol.asyncDispose]();
  }

  private replace(name: string, tensor: ort.Tensor): void {
    this.tensors.get(name)?.dispose();
    this.tensors.set(name, tensor);
  }
}
