// The likelihood command: what it says of models that know the law of their data, and of one that has learned it.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { openDataset } from "../../lib/data/open.ts";
import { stream } from "../../lib/random.ts";
import { writeModelFolder } from "../../lib/run/folder.ts";
import { dequantised } from "../../lib/theory/dequantisation.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

async function succeed(script: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runScript(script, [...args, "--json"]);
  if (code !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

/** A model folder whose denoiser is that of N(0, sigmaData² I) in DDPM's chain: EDM's preconditioning of a network that is 0. */
async function gaussianModel(
  dir: string,
  source: string,
  shape: number[],
  { steps = 1000, sigmaData = 1, schedule = "ddpm" } = {},
): Promise<string> {
  const artifact = tinyArtifact({
    data: { source, shape, classes: 0, options: {} },
    noise: {
      preconditioning: "edm",
      weighting: "sigma-squared",
      schedule: schedule === "ddpm" ? { name: "ddpm", steps } : { name: schedule },
      training: { kind: "schedule" },
      sigmas: [100, 10, 1, 0.1],
      sigmaData,
    },
    samplingBatches: [1, 64],
  });
  await writeModelFolder(dir, artifact, new Float32Array(artifact.manifest.parameterCount));
  return dir;
}

test("a density that a few hundred steps have learned is nearly as likely as under its law, by either trace", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  await succeed("train", ["--preset", "density", "--data", "gaussian", "--steps", "300", "--out", run]);
  const { ode, bound, samples, dimensions } = await succeed("likelihood", [run]);
  expect({ samples, dimensions, bound }).toEqual({ samples: 500, dimensions: 2, bound: undefined });
  // The true law is the likeliest but for luck; what is missing to it is what training lacks.
  expect(ode.nats.mean - ode.exactNats).toBeLessThan(0.02);
  expect(ode.nats.mean - ode.exactNats).toBeGreaterThan(-0.1);
  expect(ode.bitsPerDim.mean).toBeCloseTo(-ode.nats.mean / 2 / Math.LN2, 9);
  expect(ode.trace).toBe("exact");
  const again = await succeed("likelihood", [join(run, "model"), "--trace", "hutchinson", "--seed", "0"]);
  const { mean, error } = again.ode.nats;
  expect(Math.abs(mean - ode.nats.mean)).toBeLessThan(3 * error);
  expect(mean).not.toBe(ode.nats.mean);
}, 60_000);

test("L_T for |x_0| = 1 is 2.9e-5 bits, and a table says all terms", async () => {
  using folder = new TemporaryFolder();
  // Of mean 0 and standard deviation 1 as they are.
  const data = folder.write("signs.csv", "a,b\n1,-1\n-1,1\n1,1\n-1,-1\n");
  const model = await gaussianModel(join(folder.path, "model"), data, [2]);
  const { bound } = await succeed("likelihood", [model, "--method", "bound", "--steps", "21"]);
  expect(bound.terms[0].term).toBe("L_T");
  expect(bound.terms[0].beta.mean.toPrecision(2)).toBe("0.000029");
  expect(bound.terms[0].beta.error).toBe(0);
  expect(bound.terms).toHaveLength(12);
  for (const variance of ["beta", "posterior"]) {
    const terms: Record<string, { mean: number }>[] = bound.terms;
    const sum = terms.reduce((total, term) => total + term[variance]!.mean, 0);
    expect(bound.total[variance].mean).toBeCloseTo(sum, 9);
  }
  const { stdout } = await runScript("likelihood", [model, "--method", "bound", "--steps", "21"]);
  expect(stdout).toMatch(/^bits\/dim +variance beta +variance beta~$/m);
  expect(stdout).toMatch(/^L_T +0\.00003 ± 0\.00000 +0\.00003 ± 0\.00000$/m);
  expect(stdout).toMatch(/^L_\(t-1\), t = 1000\.\.\d+ +\d+\.\d{5} ± \d/m);
  expect(stdout).toMatch(/^bound +\d+\.\d{5} ± \d/m);
}, 30_000);

test("the bound of a model that ignores a correlation is its cross entropy, above the entropy by what that costs", async () => {
  using folder = new TemporaryFolder();
  const model = await gaussianModel(join(folder.path, "model"), "gaussian", [2], { steps: 30 });
  const { ode, bound } = await succeed("likelihood", [model, "--count", "2000", "--steps", "30"]);
  const crossEntropy = Math.log2(2 * Math.PI * Math.E) / 2;
  const { mean, error } = bound.total.beta;
  // False alarms in 15,000 seeds; N(0, 1)'s bound is tight with the variance beta, and looser with beta~.
  expect(Math.abs(mean - crossEntropy)).toBeLessThan(4 * error);
  expect(mean - bound.exactBitsPerDim).toBeGreaterThan(4 * error);
  expect(bound.total.posterior.mean).toBeGreaterThan(mean);
  expect(Math.abs(ode.bitsPerDim.mean - crossEntropy)).toBeLessThan(4 * ode.bitsPerDim.error);
  // Half of -ln(1 - .6²) nats, to the data's luck.
  expect(Math.abs(ode.exactNats - ode.nats.mean + Math.log(1 - 0.36) / 2)).toBeLessThan(0.06);
}, 30_000);

test("images are dequantised, and their bits are those of 256 values", async () => {
  using folder = new TemporaryFolder();
  const sigmaData = 0.9;
  const shape = [1, 28, 28];
  const model = await gaussianModel(join(folder.path, "model"), "digits", shape, { sigmaData });
  const { ode } = await succeed("likelihood", [model, "--method", "ode", "--count", "3", "--seed", "5"]);
  expect(ode.trace).toBe("hutchinson");
  const images = new Float32Array(3 * 784);
  const unseen = 2 ** 31;
  await (await openDataset("digits", { seed: 5 })).read([unseen, unseen + 1, unseen + 2], images);
  const random = [0, 1, 2].map((i) => stream(5, "likelihood:dequantise", i));
  const variance = sigmaData ** 2 + ode.sigmaMin ** 2;
  const nats = images.reduce((sum, value, at) => {
    const x = dequantised(value, random[Math.floor(at / 784)]!);
    return sum - (x ** 2 / variance + Math.log(2 * Math.PI * variance)) / 2;
  }, 0);
  expect(Math.abs(ode.nats.mean - nats / 3)).toBeLessThan(0.05);
  expect(ode.bitsPerDim.mean).toBeCloseTo(7 - nats / 3 / 784 / Math.LN2, 4);
}, 30_000);

test("points of another file are asked about in the units of the model", async () => {
  using folder = new TemporaryFolder();
  const wide = folder.write("wide.csv", "a\n-20\n20\n");
  const far = folder.write("far.csv", "a\n0\n40\n");
  const artifact = tinyArtifact({
    data: {
      source: wide,
      shape: [1],
      classes: 0,
      options: {},
      units: { offset: [0], scale: [20] },
    },
    noise: {
      preconditioning: "edm",
      weighting: "sigma-squared",
      schedule: { name: "edm" },
      training: { kind: "schedule" },
      sigmas: [80, 0.002],
      sigmaData: 1,
    },
  });
  const model = join(folder.path, "model");
  await writeModelFolder(model, artifact, new Float32Array(artifact.manifest.parameterCount));
  const own = await succeed("likelihood", [model]);
  const other = await succeed("likelihood", [model, "--data", far]);
  const logNormal = (x: number) => -(x ** 2 + Math.log(2 * Math.PI)) / 2;
  expect(own.ode.nats.mean).toBeCloseTo(logNormal(1), 3);
  expect(other.ode.nats.mean).toBeCloseTo((logNormal(0) + logNormal(2)) / 2, 3);
  expect(other.ode.exactNats).toBeUndefined();
}, 30_000);

test("mistakes are told in one line", async () => {
  using folder = new TemporaryFolder();
  const model = await gaussianModel(join(folder.path, "model"), "gaussian", [2], { schedule: "vp" });
  const chain = await gaussianModel(join(folder.path, "chain"), "gaussian", [2], { steps: 30 });
  const refusals: [args: string[], code: number, line: RegExp][] = [
    [
      [model, "--method", "bound"],
      1,
      /schedule "vp", without the steps of which a bound is the sum; take --method ode/,
    ],
    [
      [model, "--data", "digits"],
      1,
      /is a model of samples \[2\] and 0 classes, digits has \[1,28,28\] and 10/,
    ],
    [[chain, "--steps", "31"], 1, /bound: expected 2 to 30 times/],
    [[model, "--trace", "half"], 2, /--trace: expected one of: exact, hutchinson/],
  ];
  for (const [args, code, line] of refusals) {
    const outcome = await runScript("likelihood", args);
    expect(outcome.stderr).toMatch(line);
    expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: "" });
  }
}, 30_000);
