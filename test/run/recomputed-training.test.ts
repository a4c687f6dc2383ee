// Training that computes the forward pass twice comes to the same weights in WebAssembly and on WebGPU, where nothing runs on the CPU.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { relativeError } from "../support/compare.ts";
import { noVulkan, vulkanEnvironment } from "../support/software-vulkan.ts";

type Trained = Readonly<Record<"losses" | "params", number[]>>;

/** The driver is found when a process starts, so that each device has a process of its own. */
async function trained(device: string): Promise<Readonly<Record<"plain" | "again", Trained>>> {
  const script = join(import.meta.dir, "../support/train-again.ts");
  const child = Bun.spawn([process.execPath, script, device], { env: vulkanEnvironment, stderr: "inherit" });
  return new Response(child.stdout).json();
}

const missing = { wasm: undefined, webgpu: noVulkan };
for (const [device, lacking] of Object.entries(missing))
  test.skipIf(lacking !== undefined)(
    lacking ? `${device} (skipped: ${lacking})` : device,
    async () => {
      const { plain, again } = await trained(device);
      expect(plain.losses).toHaveLength(2);
      expect(plain.losses[0]).not.toBe(plain.losses[1]);
      expect(relativeError(again.losses, plain.losses)).toBeLessThan(1e-6);
      expect(relativeError(again.params, plain.params)).toBeLessThan(1e-6);
    },
    120_000,
  );
