// The same training and sampling in Bun and in a page, on processors and on WebGPU, gives the same numbers.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Served, serve } from "../../scripts/demo/server/serve.ts";
import { openSite } from "../../scripts/demo/server/site.ts";
import { noBrowser, openBrowser, visit } from "../support/browser.ts";
import { noVulkan, vulkanEnvironment } from "../support/software-vulkan.ts";
import type { Outcome } from "./parity/run.ts";

const folder = join(import.meta.dir, "parity");

/** The driver is found when a process starts, so that each device has a process of its own. */
async function inBun(device: "cpu" | "webgpu"): Promise<Outcome> {
  const child = Bun.spawn([process.execPath, join(folder, "in-bun.ts"), device], {
    env: vulkanEnvironment,
    stderr: "inherit",
  });
  return new Response(child.stdout).json();
}

let server: Served;

async function inPage(device: "wasm" | "webgpu"): Promise<Outcome> {
  const browser = await openBrowser(device);
  try {
    await using visited = await visit(browser, `${server.address}#${device}`);
    const output = visited.page.locator("output");
    await output.filter({ hasText: "losses" }).waitFor({ timeout: 170_000, state: "attached" });
    const { report, ...outcome } = JSON.parse((await output.textContent())!);
    expect({ device: report.device, complaints: visited.complaints }).toEqual({ device, complaints: [] });
    return outcome;
  } finally {
    await browser.close();
  }
}

const furthest = (a: readonly number[], b: readonly number[], scale: (x: number) => number): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!) / scale(x)));

/** How far an outcome is from the reference: its losses relatively, its pixels in steps of 8 bits. */
function differences(name: string, reference: Outcome, other: Outcome) {
  expect([other.losses.length, other.images.length]).toEqual([
    reference.losses.length,
    reference.images.length,
  ]);
  const loss = furthest(reference.losses, other.losses, Math.abs);
  const pixel = furthest(reference.images, other.images, () => 2 / 255);
  console.log(
    `parity: ${name}: losses within ${loss.toExponential(1)} relative, pixels within ${pixel.toExponential(1)}/255, ` +
      `${(1000 * other.secondsPerStep).toFixed(0)} ms a step`,
  );
  return { loss, pixel };
}

const title = "fifty steps and two samples";
const missing = noBrowser ?? noVulkan;
describe.skipIf(missing !== undefined)(missing ? `${title} (skipped: ${missing})` : title, () => {
  let reference: Outcome;
  beforeAll(async () => {
    server = serve(await openSite({ page: folder, models: "" }), { host: "localhost", port: 0 });
    reference = await inBun("cpu");
  });
  afterAll(() => server[Symbol.dispose]());

  test("learn and draw something", () => {
    const mean = (losses: readonly number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(reference.losses.length).toBe(50);
    expect(new Set(reference.losses).size).toBe(50);
    expect(mean(reference.losses)).toBeGreaterThan(0.05);
    expect(Math.max(...reference.images) - Math.min(...reference.images)).toBeGreaterThan(0.5);
  });

  test.concurrent.each([
    ["Bun WebGPU", () => inBun("webgpu")],
    ["page WASM", () => inPage("wasm")],
    ["page WebGPU", () => inPage("webgpu")],
  ])("%s equals Bun CPU", async (name, run) => {
    const { loss, pixel } = differences(name, reference, await run());
    expect(loss).toBeLessThan(1e-3);
    expect(pixel).toBeLessThan(2);
  });
});
