// Every way to sample keeps its budget, repeats itself, and does not mind its company; every family says its noise levels.
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suggest } from "../../lib/theory/suggest.ts";
import { type PresetName, presets } from "../../models/presets.ts";
import { methods } from "../../scripts/recipes/methods.ts";
import { noiseFor } from "../../scripts/recipes/noise.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

async function succeed(script: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runScript(script, [...args, "--json"]);
  if (code !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

describe("on a small model of points", async () => {
  const folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  await succeed("train", ["--preset", "density", "--data", "mixture", "--steps", "100", "--out", run]);
  const options = { rk45: ["--tolerance", "0.01"] };
  const others = Object.keys(methods).filter((name) => !["mala", "chains", "reverse"].includes(name));

  test.each(others)("%s", async (method) => {
    const budget = method in options ? options[method as keyof typeof options] : ["--steps", "24"];
    const draw = async (name: string, ...more: string[]) => {
      const npy = join(folder.path, `${method}-${name}.npy`);
      const out = join(folder.path, `${method}.png`);
      const answer = await succeed("sample", [
        run,
        ...["--method", method, ...budget, "--npy", npy, "--out", out, ...more],
      ]);
      return { ...answer, bytes: await readFile(npy) };
    };
    const all = await draw("all", "--count", "1100");
    if (method !== "rk45") expect(all.nfe).toBeLessThanOrEqual(24);
    expect(all.nfe).toBeGreaterThan(20);
    // A thousand at once or a hundred, whole or padded: the same points to the bit, as far as they go.
    const few = await draw("few", "--count", "130", "--batch", "100");
    const floats = ({ bytes }: typeof few) => bytes.subarray(10 + bytes.readUInt16LE(8), bytes.length);
    expect(Buffer.compare(floats(all).subarray(0, 130 * 8), floats(few))).toBe(0);
  });

  test("a grid and a method of few evaluations are told apart from one without a budget", async () => {
    const { nfe } = await succeed("sample", [run, "--method", "heun", "--steps", "18", "--grid", "karras"]);
    expect(nfe).toBe(17);
    const { code, stderr } = await runScript("sample", [run, "--method", "rk45", "--steps", "9"]);
    expect(code).toBe(1);
    expect(stderr).toContain("--tolerance");
  });
});

test("a diffusers folder is sampled as it is", async () => {
  using folder = new TemporaryFolder();
  const out = join(folder.path, "grid.png");
  const { nfe, method } = await succeed("sample", [
    "test/golden/schedulers/pipeline",
    ...["--method", "ddim", "--steps", "10", "--count", "4", "--out", out],
  ]);
  expect({ nfe, method }).toEqual({ nfe: 10, method: "ddim" });
});

const suggestion = suggest(Float32Array.of(-1, 1), 2, 1);

const families: [preset: PresetName, levels: number, sigmaMax: number, sigmaMin: number][] = [
  ["digits-ddpm", 1000, 157.4, 0.01],
  ["digits-vp", 200, 152.2, 0.01049],
  ["digits-cosine", 1000, 20_291, 0.00643],
  ["digits-sub-vp", 200, 152.2, 0.00011],
  ["digits-ve", 200, 60, 0.02],
  ["digits-edm", 18, 80, 0.002],
  ["digits-flow", 50, 999, 0.001],
  ["digits-flow-logit-normal", 50, 999, 0.001],
  ["density-vp", 100, 152.2, 0.01049],
  ["density-edm", 18, 80, 0.02],
  ["density-flow", 50, 999, 0.001],
  ["cifar10-ddpm", 1000, 157.4, 0.01],
  ["cifar10-ncsnpp", 1000, 100, 0.02],
  ["cifar10-edm", 18, 80, 0.002],
];

test.each(families)("%s has the levels of its schedule", (preset, levels, sigmaMax, sigmaMin) => {
  const { sigmas } = noiseFor({}, presets[preset], suggestion).noise;
  expect(sigmas).toHaveLength(levels);
  expect(Math.abs(sigmas[0]! / sigmaMax - 1)).toBeLessThan(1e-3);
  expect(Math.abs(sigmas.at(-1)! / sigmaMin - 1)).toBeLessThan(1e-2);
});
