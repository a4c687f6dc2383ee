// The whole way for points: train on known densities and on files, sample, plot, compare, and show the pitfalls.
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { stream } from "../../lib/random.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

async function succeed(script: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runScript(script, [...args, "--json"]);
  if (code !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

/** float32 values of a .npy file of version 1. */
async function npy(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(
    bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8), bytes.byteOffset + bytes.length),
  );
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

test("--plot writes figures of loss, field and error, and of samples with their paths", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  const trained = await succeed("train", [
    ...["--preset", "density", "--data", "swiss-roll", "--objective", "sliced"],
    ...["--steps", "50", "--plot", "--out", run],
  ]);
  const figures = ["loss", "field", "error"].flatMap((name) => [".png", ".svg"].map((end) => name + end));
  expect(trained.plots).toEqual(figures.map((name) => join(run, "plots", name)));
  const sampled = await succeed("sample", [
    run,
    "--count",
    "200",
    "--plot",
    "--animate",
    join(run, "a.webp"),
  ]);
  for (const path of [...trained.plots, ...sampled.wrote]) {
    const { width = 0, pages = 1 } = await sharp(path).metadata();
    expect(width).toBeGreaterThan(300);
    expect(pages > 1).toBe(path.endsWith(".webp"));
  }
  expect(await readFile(trained.plots[3], "utf8")).toContain("true score");
});

test("a table in units of its own is learned and drawn in these units", async () => {
  using folder = new TemporaryFolder();
  const random = stream(5, "table");
  // Two columns whose sizes differ by a factor of 100,000: heights in metres, incomes.
  const rows = Array.from({ length: 500 }, () => [
    1.7 + 0.1 * random.normal(),
    40_000 + 9_000 * random.normal(),
  ]);
  const data = folder.write("people.csv", `height,income\n${rows.map((row) => row.join(",")).join("\n")}\n`);
  const run = join(folder.path, "run");
  await succeed("train", ["--data", data, "--steps", "400", "--out", run]);
  const file = join(folder.path, "samples.npy");
  await succeed("sample", [run, "--count", "1000", "--npy", file]);
  const values = Array.from(await npy(file));
  const [heights, incomes] = [0, 1].map((column) => values.filter((_, i) => i % 2 === column));
  // Half a standard deviation is far more than 1,000 samples need and far less than an error of units.
  expect(Math.abs(mean(heights!) - 1.7)).toBeLessThan(0.05);
  expect(Math.abs(mean(incomes!) - 40_000)).toBeLessThan(4_500);
});

test("one and five dimensions have figures where they can, and samples always", async () => {
  using folder = new TemporaryFolder();
  for (const [data, figures] of [
    ["mixture-1d", 6],
    ["gaussian:5", 2],
  ] as const) {
    const run = join(folder.path, data.replace(":", "-"));
    const { plots } = await succeed("train", ["--data", data, "--steps", "30", "--plot", "--out", run]);
    expect(plots).toHaveLength(figures);
    const { wrote } = await succeed("sample", [run, "--count", "50"]);
    expect(await sharp(wrote[0]).metadata()).toMatchObject({ format: "png" });
  }
});

test("an energy at a single noise level is sampled by accepted and refused steps; a score network has no energy", async () => {
  using folder = new TemporaryFolder();
  const run = (preset: string) => join(folder.path, preset);
  for (const preset of ["density", "density-energy"])
    await succeed("train", ["--preset", preset, "--sigma", "0.3", "--steps", "40", "--out", run(preset)]);
  const { method, nfe } = await succeed("sample", [
    run("density-energy"),
    "--method",
    "mala",
    "--steps",
    "30",
  ]);
  expect({ method, nfe }).toEqual({ method: "mala", nfe: 30 });
  const { code, stderr } = await runScript("sample", [run("density"), "--method", "mala"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^sample: mala: needs log p, so an energy-based model/);
});

test("compare trains what it is asked to and measures it against the true score", async () => {
  using folder = new TemporaryFolder();
  const objectives = "denoising,implicit-diagonal";
  const { wrote, contenders } = await succeed("compare", [
    ...["--data", "mixture", "--objectives", objectives, "--steps", "300", "--plot", "--out", folder.path],
  ]);
  const named = ["comparison", "denoising-loss", "denoising-field", "denoising-error"];
  const energetic = ["loss", "field", "error", "energy"].map((name) => `implicit-diagonal-${name}`);
  const files = [...named, ...energetic].flatMap((name) => [`${name}.png`, `${name}.svg`]);
  expect(wrote).toEqual(files.map((file) => join(folder.path, file)));
  for (const { errors } of contenders) {
    expect(errors).toHaveLength(3);
    for (const { error } of errors) expect(error).toBeLessThan(1);
  }
});

test("the pitfalls are there: slow mixing, low density, and data on a curve", async () => {
  using folder = new TemporaryFolder();
  const show = (name: string, steps: number) =>
    succeed("pitfalls", [name, "--steps", String(steps), "--out", join(folder.path, `${name}.png`)]);
  const mixing = await show("mixing", 1);
  expect(Math.abs(mixing["annealed Langevin"][0] - 0.8)).toBeLessThan(0.03);
  expect(Math.abs(mixing.Langevin[0] - 0.5)).toBeLessThan(0.05);

  const wrong = await show("low-density", 500);
  const shares = [0, 0.5, 1.5, 7].map((sigma) => wrong[`wrong by half or more at sigma ${sigma}`]);
  expect(shares[0]).toBeGreaterThan(0.15);
  expect(shares[3]).toBeLessThan(0.02);

  const losses = await show("manifold", 300);
  expect(losses["last loss without noise"]).toBeLessThan(-50);
  expect(losses["last loss with noise"]).toBeGreaterThan(-2);
});
