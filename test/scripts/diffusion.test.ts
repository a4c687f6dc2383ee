// The commands on models of a diffusion: they train, resume, draw and say K, and refuse what such models do not have.
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

async function succeed(script: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runScript(script, [...args, "--json"]);
  if (code !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

async function refusal(script: string, args: readonly string[]): Promise<string> {
  const { code, stderr } = await runScript(script, args);
  expect(code).toBeGreaterThan(0);
  return stderr;
}

/** The float32 values of a NumPy file. */
async function values(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + bytes.readUInt16LE(8)));
}

test("heartbeat: two hundred steps bring K within a bit of the truth, and most samples beat", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  const quiet = ["--out", run, "--preview-every", "1000"];
  await succeed("train", ["--preset", "heartbeat", ...quiet, "--steps", "120"]);
  expect((await succeed("train", [...quiet, "--steps", "200", "--resume"])).step).toBe(200);

  const { diffusion, ode } = await succeed("likelihood", [run, "--count", "64", "--steps", "200"]);
  const { terms, total, exact, aboveIndependent } = diffusion;
  expect(ode).toBeUndefined();
  expect(exact).toBeCloseTo(-Math.log2(5), 12);
  expect(total.mean).toBeLessThan(exact);
  expect(total.mean).toBeGreaterThan(exact - 1);
  expect(terms.reduce((sum: number, { bits }: { bits: { mean: number } }) => sum + bits.mean, 0)).toBeCloseTo(
    total.mean,
    9,
  );
  // Bits of which a fifth are 1 cost 14.44 a sequence.
  expect(aboveIndependent.mean - total.mean).toBeCloseTo(14.44, 1);

  const npy = join(folder.path, "samples.npy");
  expect((await succeed("sample", [run, "--count", "64", "--npy", npy])).nfe).toBe(2000);
  const bits = await values(npy);
  const beats = Array.from({ length: 64 }, (_, i) => bits.subarray(i * 20, (i + 1) * 20)).filter(
    (sequence) =>
      sequence.every((bit, at) => bit === sequence[at % 5]) &&
      sequence.subarray(0, 5).filter((bit) => bit > 0).length === 1,
  );
  // A random sequence is one of the five with probability 5e-6.
  expect(beats.length).toBeGreaterThan(32);

  expect(await refusal("sample", [run, "--method", "heun"])).toContain("has one method, reverse");
  expect(await refusal("likelihood", [run, "--method", "ode"])).toContain("has one method, diffusion");
  expect(await refusal("sample", [run, "--steps", "50"])).toContain("the diffusion has 2000 steps");
}, 120_000);

test("what a diffusion cannot do is refused before anything is written", async () => {
  expect(await refusal("train", ["--preset", "binary-digits", "--data", "digits"])).toContain(
    "a binomial diffusion needs binary data, such as heartbeat or binary-digits, digits has other values",
  );
  expect(await refusal("train", ["--preset", "heartbeat", "--sigma", "0.1"])).toContain(
    "no sigma can be chosen",
  );
  const { parameters, shape } = await succeed("train", ["--preset", "diffusion-2015", "--dry-run"]);
  expect(shape).toEqual([2]);
  expect(parameters).toBeGreaterThan(30_000);
});
