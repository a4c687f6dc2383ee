// The WebGPU provider, on a software driver, trains and samples like the CPU, runs all nodes itself, and its memory stays flat.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { gradient } from "../../lib/author/autodiff/gradient.ts";
import { input } from "../../lib/author/graph/constant.ts";
import { conv } from "../../lib/author/graph/ops.ts";
import { isOp, type Tensor } from "../../lib/author/graph/tensor.ts";
import { topological } from "../../lib/author/graph/traverse.ts";
import { lower } from "../../lib/author/lower/lower.ts";
import { silu } from "../../lib/author/nn/activations.ts";
import { groupNorm } from "../../lib/author/nn/normalization.ts";
import { encodeModel } from "../../lib/author/onnx/model.ts";
import { kernels } from "../support/kernels.ts";
import { noVulkan, vulkanEnvironment } from "../support/software-vulkan.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const support = join(import.meta.dir, "../support");

interface Outcome {
  readonly losses: number[];
  readonly loss: number;
  readonly rest: number[];
  readonly unbroken: number[];
  readonly params: number[];
  readonly images: number[];
  readonly unlowered: number[];
  readonly relowered: number[];
  readonly chains: number[];
  readonly megabytes: number[];
  readonly lowering: string;
  readonly locations: string[];
}

/** What a script of the tests' support writes; the driver is found when a process starts, so that each run has a process of its own. */
async function written(script: string, ...args: string[]) {
  const child = Bun.spawn([process.execPath, join(support, script), ...args], {
    env: vulkanEnvironment,
    stderr: "pipe",
  });
  const [text, log] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${script} ${args}: exit code ${child.exitCode}: ${log}`);
  return { text, log };
}

const outcome = async (device: string, more = 0): Promise<Outcome> =>
  JSON.parse((await written("train-and-sample.ts", device, String(more))).text);

/** The kernels that are started for outputs and their gradients in all inputs, and the nodes of their graph that should be one each. */
async function started(y: Tensor) {
  const leaves = topological([y]).filter((node) => isOp(node, "Input"));
  const outputs = lower([y, ...gradient(y, leaves, input("g", y.shape))], "webgpu");
  const inputs = topological(outputs).filter((node) => isOp(node, "Input"));
  using folder = new TemporaryFolder();
  const path = join(folder.path, "model.onnx");
  await Bun.write(path, encodeModel(Object.fromEntries(outputs.map((node, i) => [`y${i}`, node])), inputs));
  const { log } = await written("dispatch.ts", path);
  return { dispatches: log.split("Starting program").length - 1, kernels: kernels(outputs) };
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

const title = "WebGPU on a software driver";
describe.skipIf(noVulkan !== undefined)(noVulkan ? `${title} (skipped: ${noVulkan})` : title, () => {
  test("equals the CPU, resumes, leaves all results of steps where they are, and does not leak", async () => {
    const [cpu, gpu] = await Promise.all([outcome("cpu"), outcome("webgpu", 191)]);
    expect([gpu.lowering, ...gpu.locations]).toEqual(["webgpu", "gpu-buffer"]);
    expect(cpu.locations).toEqual(["cpu"]);
    expect(cpu.losses[0]! > 0.1 && cpu.images.length === 3 * 64).toBe(true);
    expect(furthest(gpu.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(Math.abs(gpu.loss - cpu.loss)).toBeLessThan(1e-3);
    expect(furthest(gpu.params, cpu.params)).toBeLessThan(1e-3);
    expect(furthest(gpu.images, cpu.images)).toBeLessThan(1e-3);
    // Lowered from the file or when it was written, the graph is the same one; as it was written for everybody, it is not.
    expect(gpu.relowered).toEqual(gpu.images);
    expect(gpu.unlowered).not.toEqual(gpu.images);
    expect(furthest(gpu.unlowered, gpu.images)).toBeLessThan(1e-5);
    expect(cpu.chains.length === 10 * 64 && Math.max(...cpu.chains) > 0.5).toBe(true);
    expect(furthest(gpu.chains, cpu.chains)).toBeLessThan(1e-3);
    expect(furthest(gpu.rest, gpu.unbroken)).toBeLessThan(1e-5);
    // From step 50 to 200; a state left behind would be 1 MiB per step.
    expect(gpu.megabytes.at(-1)! - gpu.megabytes[1]!).toBeLessThan(20);
  }, 120000);

  test("runs every node of the presets' graphs itself", async () => {
    const { text } = await written("load-presets.ts");
    expect(JSON.parse(text).every((graphs: number) => graphs >= 6)).toBe(true);
  }, 120000);

  test("starts a kernel for each node that counts as one, and one for the weight of each convolution", async () => {
    const x = input("x", [2, 6, 3, 4]);
    const normed = await started(silu(groupNorm(x, 2, input("w", [6]), input("b", [6]))));
    expect(normed.dispatches).toBe(normed.kernels);
    const convolved = await started(conv(x, input("w", [5, 6, 3, 3]), undefined, { padding: 1 }));
    expect(convolved.dispatches).toBe(convolved.kernels + 2);
  }, 120000);
});
