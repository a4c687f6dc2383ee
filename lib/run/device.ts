// Devices: which execution provider runs the graphs, found by asking it to run the smallest model.
import type * as ort from "onnxruntime-common";
import type { LoweringName } from "../artifact/lowering.ts";
import { UsageError, UserError } from "../errors.ts";
import { blockedLayout } from "./blocked-layout.ts";
import { identityModel } from "./identity.ts";
import { Queue } from "./queue.ts";

/** What this wing needs of an ONNX Runtime package; the caller chooses onnxruntime-node or onnxruntime-web. */
export type Runtime = Pick<typeof ort, "InferenceSession" | "Tensor" | "env">;
type SessionOptions = ort.InferenceSession.SessionOptions;

export interface Device {
  readonly name: ProviderName;
  /** The provider as ONNX Runtime calls it, for reports. */
  readonly provider: string;
  readonly resident: Residence;
  /** What its sessions do: in a browser, runs that overlap on a GPU fail. */
  readonly queue: Queue;
  readonly sessionOptions: SessionOptions;
  /** The graphs that it runs faster than portable ones, where an artifact has some. */
  readonly lowering?: LoweringName | undefined;
  /** Why `auto` chose this device, one line. */
  readonly note?: string;
}

/** Where state lives between runs: on the host or on the GPU. CUDA's goes through host memory, as its binding has no device tensors. */
type Residence = "host" | "gpu";

interface Provider {
  readonly provider: string;
  readonly resident: Residence;
  readonly executionProviders: readonly ort.InferenceSession.ExecutionProviderConfig[];
  readonly lowering?: LoweringName;
  readonly install: string;
}

const providers = {
  cpu: {
    provider: "CPUExecutionProvider",
    resident: "host",
    executionProviders: ["cpu"],
    install: "reinstall onnxruntime-node",
  },
  webgpu: {
    provider: "WebGpuExecutionProvider",
    resident: "gpu",
    // The default layout, NHWC, costs transposes and computes some grouped convolutions wrongly.
    executionProviders: [{ name: "webgpu", preferredLayout: "NCHW" }],
    lowering: "webgpu",
    install: "install libvulkan1 and your GPU's Vulkan driver, or use --device cpu",
  },
  wasm: {
    provider: "WebAssembly",
    resident: "host",
    executionProviders: ["wasm"],
    lowering: "wasm",
    install: "take a browser with WebAssembly",
  },
  cuda: {
    provider: "CUDAExecutionProvider",
    resident: "host",
    executionProviders: ["cuda"],
    install:
      "install CUDA 12 and cuDNN 9, then run `bun scripts/doctor.ts --install-cuda`, or use --device cpu",
  },
} satisfies Record<string, Provider>;

type ProviderName = keyof typeof providers;
export type DeviceName = ProviderName | "auto";

/** What `openDevice` takes. */
export const deviceNames = [...(Object.keys(providers) as ProviderName[]), "auto"] as const;

export interface DeviceOptions {
  /** The process's environment, in which Vulkan's variables may name a software driver. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Refuse graphs of which a node would fall back to the CPU. */
  readonly strict?: boolean;
}

/**
 * The device of this name if a model runs on it; `auto` takes CUDA, else WebGPU on a real GPU, else the CPU, and says why.
 * Throws UserError: what was tried, why it failed, what to install; UsageError for another name.
 */
export async function openDevice(
  runtime: Runtime,
  name: DeviceName,
  options: DeviceOptions = {},
): Promise<Device> {
  if (!deviceNames.includes(name))
    throw new UsageError(`unknown --device "${name}"; one of: ${deviceNames.join(", ")}`);
  // The runtime throws what it logs; its own lines would only disturb the terminal. It reads this level once.
  runtime.env.logLevel = "fatal";
  if (name === "auto") return automatic(runtime, options);
  const device = deviceOf(name, options);
  const problem = await probe(runtime, device);
  if (problem === undefined) return withLowering(runtime, device);
  throw new UserError(
    `--device ${name}: cannot run on ${device.provider} (${problem}); ${providers[name].install}`,
  );
}

async function withLowering(runtime: Runtime, device: Device): Promise<Device> {
  if (device.name !== "cpu") return device;
  return { ...device, lowering: await blockedLayout(runtime, device.sessionOptions) };
}

function deviceOf(name: ProviderName, options: DeviceOptions): Device {
  const { provider, resident, executionProviders, lowering }: Provider = providers[name];
  const strict = options.strict && name !== "cpu";
  const extra = { session: { disable_cpu_ep_fallback: "1" } };
  const sessionOptions = { executionProviders, logSeverityLevel: 4, ...(strict && { extra }) } as const;
  return { name, provider, resident, lowering, queue: new Queue(), sessionOptions };
}

async function automatic(runtime: Runtime, options: DeviceOptions): Promise<Device> {
  const missing: string[] = [];
  for (const name of ["cuda", "webgpu"] as const) {
    const device = deviceOf(name, options);
    const problem = await unfit(runtime, device, options);
    if (problem === undefined) return { ...device, note: `auto: ${name}` };
    missing.push(`no ${name}: ${problem}`);
  }
  return {
    ...(await withLowering(runtime, deviceOf("cpu", options))),
    note: `auto: using the CPU (${missing.join("; ")})`,
  };
}

/** Why `auto` passes over a device. A software adapter is some 75 times slower than the CPU provider. */
async function unfit(
  runtime: Runtime,
  device: Device,
  { environment = {} }: DeviceOptions,
): Promise<string | undefined> {
  if (device.name !== "webgpu") return probe(runtime, device);
  const drivers = environment.VK_DRIVER_FILES ?? environment.VK_ICD_FILENAMES ?? "";
  if (software.test(drivers)) return `${drivers} is a software driver`;
  const problem = await probe(runtime, device);
  if (problem !== undefined) return problem;
  // Only browsers show their adapter.
  const info = runtime.env.webgpu?.adapter?.info;
  return info && softwareAdapter(info);
}

const software = /swiftshader|lavapipe|llvmpipe|lvp_icd/i;

type AdapterInfo = GPUAdapter["info"];

/** Which software an adapter of WebGPU is; undefined for a real GPU. */
export function softwareAdapter(info: AdapterInfo): string | undefined {
  const description = `${info.vendor} ${info.architecture} ${info.description}`.trim();
  return info.isFallbackAdapter || software.test(description)
    ? `${description} is a software adapter`
    : undefined;
}

/** Runs the smallest model; the first line of the runtime's complaint when it cannot. */
async function probe(runtime: Runtime, device: Device): Promise<string | undefined> {
  try {
    const session = await runtime.InferenceSession.create(identityModel(), device.sessionOptions);
    await session.release();
    return undefined;
  } catch (error) {
    return complaint(error);
  }
}

/** The first line of a runtime error, without the source position that precedes some. */
export function complaint(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
  return line.replace(/^\S*onnxruntime.*? was false\. /, "");
}
