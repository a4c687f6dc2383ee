// Resident tensors: what stays where the device computes, from run to run (weights, moments, averages, the sampler's x).
import type * as ort from "onnxruntime-common";
import type { Feed } from "../artifact/manifest.ts";
import type { Runtime } from "./device.ts";
import { identityModel } from "./identity.ts";
import { type Graph, type Host, openSession, type Tensors } from "./session.ts";

/** Inputs that resident tensors of the same name feed. */
export const residentFeeds: ReadonlySet<Feed> = new Set<Feed>(["state", "sample", "negative", "gradient"]);

/** Named float32 tensors that graphs read and replace without crossing to the host. */
export interface ResidentTensors extends AsyncDisposable {
  /** Puts a copy of `data` in place of the tensor `name`. */
  set(name: string, shape: readonly number[], data: Float32Array): Promise<void>;
  /**
   * Runs a graph on `feeds` and the resident tensors; `rename` maps an input's name to the tensor that feeds it instead.
   * Outputs that replace tensors do so; the others are returned, on the CPU but for those that the graph leaves where they are.
   */
  run(graph: Graph, feeds: Tensors, rename?: Readonly<Record<string, string>>): Promise<Tensors>;
  /** A copy on the host. */
  read(name: string): Promise<Float32Array>;
  /** The number in a scalar that a run answered, which is disposed of. On a GPU this waits for all runs so far. */
  take(scalar: ort.Tensor): Promise<number>;
}

/** An empty set of tensors in the device's own memory. */
export const openResident = (host: Host): Promise<ResidentTensors> => residences[host.device.resident](host);

const residences = {
  host: async ({ ort }: Host) => new ReplacedTensors(hostMemory(ort)),
  gpu: async (host: Host) => new ReplacedTensors(await openGpuMemory(host)),
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

const floatsOf = (tensor: ort.Tensor) => tensor.data as Float32Array<ArrayBuffer>;

/** Where tensors lie that runs make. */
interface Memory extends AsyncDisposable {
  upload(data: Float32Array, shape: readonly number[]): Promise<ort.Tensor>;
  download(tensor: ort.Tensor): Promise<Float32Array>;
  release(tensor: ort.Tensor): void;
}

const hostMemory = ({ Tensor }: Runtime): Memory => ({
  upload: async (data, shape) => new Tensor("float32", data.slice(), shape),
  download: async (tensor) => floatsOf(tensor).slice(),
  // At once: garbage collection comes after many steps' worth of it.
  release: (tensor) => void floatsOf(tensor).buffer.transfer(0),
  [Symbol.asyncDispose]: async () => {},
});

/** Reading goes through a graph with its output on the CPU: `getData` on a GPU tensor aborts the process in onnxruntime-node. */
async function openGpuMemory(host: Host): Promise<Memory> {
  const upload = await openSession(host, identityModel(), "upload", ["y"]);
  const download = await openSession(host, identityModel(), "download");
  return {
    upload: async (data, shape) => {
      const { y } = await upload.run({ x: new host.ort.Tensor("float32", data, shape) });
      return y!;
    },
    download: async (tensor) => floatsOf((await download.run({ x: tensor })).y!),
    release: (tensor) => tensor.dispose(),
    [Symbol.asyncDispose]: async () => {
      await upload[Symbol.asyncDispose]();
      await download[Symbol.asyncDispose]();
    },
  };
}

/** A run makes new tensors, and the replaced ones are released: garbage collection frees those of a GPU never, others late. */
class ReplacedTensors implements ResidentTensors {
  private readonly tensors = new Map<string, ort.Tensor>();
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  async set(name: string, shape: readonly number[], data: Float32Array): Promise<void> {
    this.replace(name, await this.memory.upload(data, shape));
  }

  async run(graph: Graph, feeds: Tensors, rename = {}): Promise<Tensors> {
    const inputs = { ...feeds, ...residentInputs(graph, this.tensors, rename) };
    const outputs = await graph.session.run(inputs);
    for (const [output, name] of Object.entries(graph.replaces)) this.replace(name, outputs[output]!);
    return without(outputs, graph);
  }

  read(name: string): Promise<Float32Array> {
    return this.memory.download(this.tensors.get(name) ?? missing(name));
  }

  async take(scalar: ort.Tensor): Promise<number> {
    const [number] = await this.memory.download(scalar);
    this.memory.release(scalar);
    return number!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tensor of this.tensors.values()) this.memory.release(tensor);
    this.tensors.clear();
    await this.memory[Symbol.asyncDispose]();
  }

  private replace(name: string, tensor: ort.Tensor): void {
    const replaced = this.tensors.get(name);
    if (replaced) this.memory.release(replaced);
    this.tensors.set(name, tensor);
  }
}
