// Devices open when they are there, and say in one line what is missing when they are not.
import { expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
} from "../../lib/artifact/onnx/onnx_pb.ts";
import { UsageError, UserError } from "../../lib/errors.ts";
import { type DeviceName, deviceNames, openDevice, type Runtime } from "../../lib/run/device.ts";
import { identityModel } from "../../lib/run/identity.ts";

/** A runtime that has the given providers and no others. */
function runtimeWith(providers: Readonly<Record<string, string>>, info?: object): Runtime {
  const create = async (
    _: unknown,
    { executionProviders: [first] = [] }: ort.InferenceSession.SessionOptions,
  ) => {
    const name = typeof first === "string" ? first : first!.name;
    if (providers[name] !== "works") throw new Error(providers[name] ?? `no ${name}\nsecond line`);
    return { release: async () => {} };
  };
  const env = { ...ort.env, webgpu: info && { adapter: { info } } };
  return { Tensor: ort.Tensor, InferenceSession: { create }, env } as unknown as Runtime;
}

async function messageOf(work: Promise<unknown>, type: new (...given: never[]) => Error): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(type);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  return message;
}

test("the embedded bytes are an Identity of float32 without a shape", () => {
  const value = (name: string) =>
    create(ValueInfoProtoSchema, {
      name,
      type: { value: { case: "tensorType", value: { elemType: TensorProto_DataType.FLOAT } } },
    });
  const node = create(NodeProtoSchema, { opType: "Identity", input: ["x"], output: ["y"] });
  const graph = { name: "identity", node: [node], input: [value("x")], output: [value("y")] };
  const opsetImport = [{ domain: "", version: 21n }];
  const model = create(ModelProtoSchema, { irVersion: 10n, opsetImport, graph });
  expect(identityModel()).toEqual(toBinary(ModelProtoSchema, model));
});

test("the CPU opens", async () => {
  const device = await openDevice(ort, "cpu");
  expect(device).toMatchObject({ name: "cpu", provider: "CPUExecutionProvider", resident: "host" });
  expect(device.note).toBeUndefined();
});

test("a provider that is not installed is the user's to mend: what was tried, why, what to install", async () => {
  const none = runtimeWith({
    webgpu: "/onnx/onnxruntime/x.cc:1 f(a)::<lambda()> s == S::OK was false. No adapters\n",
  });
  expect(await messageOf(openDevice(none, "cuda"), UserError)).toBe(
    "--device cuda: cannot run on CUDAExecutionProvider (no cuda); install CUDA 12 and cuDNN 9, then run " +
      "`bun scripts/doctor.ts --install-cuda`, or use --device cpu",
  );
  expect(await messageOf(openDevice(none, "webgpu"), UserError)).toBe(
    "--device webgpu: cannot run on WebGpuExecutionProvider (No adapters); " +
      "install libvulkan1 and your GPU's Vulkan driver, or use --device cpu",
  );
});

test("on this machine a provider opens or says what to install, and the CPU runs afterwards", async () => {
  for (const [name, advice] of [
    ["cuda", "CUDA 12"],
    ["webgpu", "Vulkan"],
  ] as const) {
    const opening = openDevice(ort, name);
    const opened = await opening.catch(() => undefined);
    if (opened) expect(opened.name).toBe(name);
    else expect(await messageOf(opening, UserError)).toContain(advice);
  }
  const device = await openDevice(ort, "auto");
  expect(device.note).toStartWith("auto: ");
  expect((await openDevice(ort, "cpu")).name).toBe("cpu");
});

test("WebGPU and WebAssembly run graphs of their own", async () => {
  for (const name of ["webgpu", "wasm"] as const)
    expect(await openDevice(runtimeWith({ [name]: "works" }), name)).toMatchObject({ name, lowering: name });
});

test("another name is a mistake of usage", async () => {
  const message = await messageOf(openDevice(ort, "tpu" as DeviceName), UsageError);
  expect(message).toBe(`unknown --device "tpu"; one of: ${deviceNames.join(", ")}`);
});

test("auto takes CUDA, else WebGPU, else the CPU, and says why", async () => {
  const opened = (providers: Record<string, string>) => openDevice(runtimeWith(providers), "auto");
  expect(await opened({ cuda: "works", webgpu: "works" })).toMatchObject({ name: "cuda", resident: "host" });
  expect(await opened({ webgpu: "works" })).toMatchObject({ name: "webgpu", resident: "gpu" });
  expect(await opened({})).toMatchObject({
    name: "cpu",
    note: "auto: using the CPU (no cuda: no cuda; no webgpu: no webgpu)",
  });
});

test("auto passes over software WebGPU, by the environment or the adapter", async () => {
  const both = { webgpu: "works" };
  for (const key of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) {
    const environment = { [key]: "/usr/lib/x/vk_swiftshader_icd.json" };
    const device = await openDevice(runtimeWith(both), "auto", { environment });
    expect(device).toMatchObject({ name: "cpu", note: expect.stringContaining("is a software driver") });
  }
  const google = { vendor: "google", architecture: "swiftshader", description: "", isFallbackAdapter: false };
  expect((await openDevice(runtimeWith(both, google), "auto")).name).toBe("cpu");
  const fallback = { ...google, architecture: "", isFallbackAdapter: true };
  expect((await openDevice(runtimeWith(both, fallback), "auto")).name).toBe("cpu");
  const real = { ...google, vendor: "nvidia", architecture: "ampere" };
  expect((await openDevice(runtimeWith(both, real), "auto")).name).toBe("webgpu");
});

test("strict sessions refuse nodes that fall back to the CPU", async () => {
  const { sessionOptions } = await openDevice(runtimeWith({ webgpu: "works" }), "webgpu", { strict: true });
  expect(sessionOptions.extra).toEqual({ session: { disable_cpu_ep_fallback: "1" } });
});
