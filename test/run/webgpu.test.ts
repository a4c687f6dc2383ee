// The WebGPU provider, on a software driver, trains and samples like the CPU, and its memory stays flat.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { noVulkan, vulkanEnvironment } from "../support/software-vulkan.ts";

const script = join(import.meta.dir, "../support/train-and-sample.ts");

interface Outcome {
  readonly losses: number[];
  readonly loss: number;
  readonly rest: number[];
  readonly unbroken: number[];
  readonly params: number[];
  readonly images: number[];
  readonly chains: number[];
  readonly megabytes: number[];
}

/** The driver is found when a process starts, so that each device has a process of its own. */
async function outcome(device: string, more = 0): Promise<Outcome> {
  const child = Bun.spawn([process.execPath, script, device, String(more)], {
    env: vulkanEnvironment,
    stderr: "pipe",
  });
  const [text, problems] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`${device}: exit code ${child.exitCode}: ${problems}`);
  return JSON.parse(text);
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

const title = "WebGPU on a software driver";
describe.skipIf(noVulkan !== undefined)(noVulkan ? `${title} (skipped: ${noVulkan})` : title, () => {
  test("equals the CPU, resumes, and does not leak", async () => {
    const [cpu, gpu] = await Promise.all([outcome("cpu"), outcome("webgpu", 191)]);
    expect(cpu.losses[0]! > 0.1 && cpu.images.length === 3 * 64).toBe(true);
    expect(furthest(gpu.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(Math.abs(gpu.loss - cpu.loss)).toBeLessThan(1e-3);
    expect(furthest(gpu.params, cpu.params)).toBeLessThan(1e-3);
    expect(furthest(gpu.images, cpu.images)).toBeLessThan(1e-3);
    expect(cpu.chains.length === 10 * 64 && Math.max(...cpu.chains) > 0.5).toBe(true);
    expect(furthest(gpu.chains, cpu.chains)).toBeLessThan(1e-3);
    expect(furthest(gpu.rest, gpu.unbroken)).toBeLessThan(1e-5);
    // From step 50 to 200; a state left behind would be 1 MiB per step.
    expect(gpu.megabytes.at(-1)! - gpu.megabytes[1]!).toBeLessThan(20);
  }, 120000);
});
