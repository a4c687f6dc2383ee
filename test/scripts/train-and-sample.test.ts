// The whole way with the tiny preset: author, train, kill, resume, interrupt, sample.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { parseManifest } from "../../lib/artifact/manifest.ts";
import { outcome, runScript, startScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const tiny = ["--preset", "tiny", "--batch", "4"];
const quiet = [...tiny, "--preview-every", "1000"];
const steps = 40;

const checkpoint = (run: string, step: number) =>
  join(run, `checkpoints/step-${String(step).padStart(8, "0")}`);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("waited a minute in vain");
    await Bun.sleep(2);
  }
}

/** Every file below a folder with its bytes. */
async function contents(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [file.slice(folder.length), await readFile(file)] as const)),
  );
}

test("a run killed by SIGKILL and resumed ends bit-exactly where an unbroken one does", async () => {
  using folder = new TemporaryFolder();
  const [whole, broken] = [join(folder.path, "whole"), join(folder.path, "broken")];
  const args = (out: string) => [...quiet, "--steps", String(steps), "--save-every", "10", "--out", out];
  expect((await runScript("train", args(whole))).code).toBe(0);

  const child = startScript("train", args(broken));
  await until(() => existsSync(checkpoint(broken, 10)));
  child.kill("SIGKILL");
  await child.exited;
  expect(existsSync(checkpoint(broken, steps))).toBe(false);
  expect((await runScript("train", [...args(broken), "--resume"])).code).toBe(0);

  expect(await contents(checkpoint(broken, steps))).toEqual(await contents(checkpoint(whole, steps)));
  const lines = (await readFile(join(broken, "metrics.jsonl"), "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
});

test("SIGINT saves, says how to go on, and exits with 130", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  const child = startScript("train", [...quiet, "--steps", "5000", "--out", run, "--json"]);
  const metrics = join(run, "metrics.jsonl");
  await until(async () => existsSync(metrics) && (await readFile(metrics, "utf8")).split("\n").length > 3);
  child.kill("SIGINT");
  const { code, stdout } = await outcome(child);
  expect(code).toBe(130);
  const { step, next } = JSON.parse(stdout);
  expect(existsSync(checkpoint(run, step))).toBe(true);
  expect(next).toBe(`bun scripts/train.ts --out ${run} --resume`);
});

test("training writes a model folder; sampling reads run and model alike, reproducibly, in every format", async () => {
  using folder = new TemporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const trained = await runScript("train", [
    ...tiny,
    "--steps",
    "4",
    "--preview-every",
    "2",
    "--out",
    at("run"),
    "--json",
  ]);
  expect(trained.stderr).toBe(`training ${at("run")} on the cpu\n`);
  expect(JSON.parse(trained.stdout)).toMatchObject({
    step: 4,
    skipped: 0,
    next: `bun scripts/sample.ts ${at("run")}`,
  });
  expect(await readdir(at("run/samples"))).toEqual(["step-00000002.png", "step-00000004.png"]);

  const request = ["--count", "6", "--steps", "12", "--json"];
  const first = await runScript("sample", [
    at("run"),
    ...request,
    ...["--out", at("a.png"), "--animate", at("a.webp"), "--save-each", at("each"), "--npy", at("a.npy")],
  ]);
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({
    samples: 6,
    nfe: 12,
    method: "annealed-langevin",
    device: "cpu",
  });
  expect(await sharp(at("a.png")).metadata()).toMatchObject({ format: "png" });
  expect((await sharp(at("a.webp"), { animated: true }).metadata()).pages).toBeGreaterThan(6);
  expect(await readdir(at("each"))).toHaveLength(6);
  expect((await readFile(at("a.npy"))).subarray(1, 6).toString()).toBe("NUMPY");

  const dry = await runScript("sample", [at("run"), ...request, "--out", at("none.png"), "--dry-run"]);
  expect(JSON.parse(dry.stdout)).toMatchObject({
    samples: 6,
    nfe: 12,
    stepSize: expect.any(Number),
  });
  const unsized = await runScript("sample", [at("run"), "--method", "heun", "--dry-run", "--json"]);
  expect(JSON.parse(unsized.stdout)).not.toHaveProperty("stepSize");
  expect(existsSync(at("none.png"))).toBe(false);

  // The model folder alone, without the run, gives the same picture.
  await rm(at("run/checkpoints"), { recursive: true });
  const second = await runScript("sample", [at("run/model"), ...request, "--out", at("b.png")]);
  expect(second.code).toBe(0);
  expect(await readFile(at("b.png"))).toEqual(await readFile(at("a.png")));

  const fromRun = await runScript("sample", [at("run"), ...request, "--out", at("c.png")]);
  expect(JSON.parse(fromRun.stdout).weights).toBe(at("run/model/unet"));
  await rm(at("run/model/unet"), { recursive: true });
  const nothing = await runScript("sample", [at("run")]);
  expect(nothing.code).toBe(1);
  expect(nothing.stderr).toMatch(/no checkpoint yet and no weights in unet\/; train with/);

  const wrongClass = await runScript("sample", [at("run/model"), "--class", "10"]);
  expect(wrongClass).toMatchObject({ code: 2 });
  expect(wrongClass.stderr).toMatch(/--class: expected 0 to 9, got 10/);
  const wild = await runScript("sample", [at("run/model"), "--step-size", "1"]);
  expect(wild).toMatchObject({ code: 2 });
  expect(wild.stderr).toMatch(
    /--step-size 1: annealed-langevin: expected a step size above 0 and below 0\.000800, .*got 1/,
  );
});

test("a finished run is not overwritten, and a corrupt newest checkpoint gives way to the one before", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  const args = [...quiet, "--steps", "6", "--save-every", "3", "--out", run];
  expect((await runScript("train", args)).code).toBe(0);
  const again = await runScript("train", args);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/holds a run at step 6; go on with --resume, or choose another --out/);

  const weights = join(checkpoint(run, 6), "unet/diffusion_pytorch_model.safetensors");
  const bytes = await readFile(weights);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(weights, bytes);
  const resumed = await runScript("train", [...args, "--resume"]);
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toMatch(/checksum differs; using step-00000003 instead/);

  const other = await runScript("train", ["--preset", "tiny", "--batch", "7", "--out", run, "--resume"]);
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/was authored with batch 4, got --batch 7; choose another --out/);
});

test("a refused start changes nothing: no --resume, fewer steps, another training, another model", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  const train = (...args: string[]) => runScript("train", [...quiet, "--out", run, ...args]);
  expect((await train("--steps", "4", "--seed", "3")).code).toBe(0);
  const before = await contents(run);
  const refused = async (start: ReturnType<typeof runScript>, line: RegExp) => {
    const { code, stderr } = await start;
    expect(stderr).toMatch(line);
    expect(code).toBe(1);
  };
  await refused(train("--steps", "9"), /holds a run at step 4; go on with --resume/);
  await refused(train("--steps", "3", "--resume"), /is at step 4 already.*expected at least 4, got 3/);
  await refused(runScript("author", ["--out", run]), /holds a run that this model cannot go on with/);
  const lock = join(run, "training.lock");
  await writeFile(lock, String(process.pid));
  await refused(train("--resume"), new RegExp(`process ${process.pid} trains there`));
  await rm(lock);
  expect(await contents(run)).toEqual(before);

  // What a process left that is gone is no hindrance, and the run keeps its seed.
  await writeFile(lock, "999999999");
  const resumed = await train("--resume", "--json");
  expect(resumed).toMatchObject({
    code: 0,
    stderr: `${run} goes on with its seed 3\ntraining ${run} on the cpu\n`,
  });
  expect(JSON.parse(resumed.stdout)).toMatchObject({ step: 4, loss: null });
  expect(existsSync(lock)).toBe(false);
}, 60_000);

test("metrics or a preview that cannot be written end the run with one line, and the checkpoint stays", async () => {
  using folder = new TemporaryFolder();
  const run = join(folder.path, "run");
  const train = (...args: string[]) => runScript("train", [...tiny, "--out", run, ...args]);
  expect((await train("--steps", "2", "--preview-every", "1000")).code).toBe(0);
  const before = await contents(checkpoint(run, 2));
  const metrics = join(run, "metrics.jsonl");
  const ending = /^training .*\ntrain: cannot write (.*): E[A-Z]+.*\n$/;

  await rm(metrics);
  await symlink(join(folder.path, "nowhere", "metrics.jsonl"), metrics);
  const unmeasured = await train("--steps", "9", "--resume");
  expect(unmeasured.code).toBe(1);
  expect(ending.exec(unmeasured.stderr)?.[1]).toBe(metrics);

  await rm(metrics);
  await writeFile(join(run, "samples"), "");
  const unseen = await train("--preview-every", "3", "--resume");
  expect(unseen.code).toBe(1);
  expect(ending.exec(unseen.stderr)?.[1]).toBe(join(run, "samples/step-00000003.png"));

  expect(await readdir(join(run, "checkpoints"))).toEqual(["step-00000002"]);
  expect(await contents(checkpoint(run, 2))).toEqual(before);
}, 60_000);

test("author writes every graph that the manifest names, and a dry run writes nothing", async () => {
  using folder = new TemporaryFolder();
  const out = join(folder.path, "digits");
  const dry = await runScript("train", ["--preset", "mnist", "--out", out, "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout)).toMatchObject({ preset: "mnist", steps: 20000, classes: 10, out });
  expect(existsSync(out)).toBe(false);

  expect((await runScript("author", ["--preset", "digits", "--out", out])).code).toBe(0);
  const manifest = parseManifest(JSON.parse(await readFile(join(out, "manifest.json"), "utf8")), out);
  const { training, eval: evaluation, optimizer, step, likelihood, sampling } = manifest.graphs;
  const entries = [training, evaluation, optimizer, step, likelihood!, ...sampling];
  expect(entries.slice(0, 3).map(({ file }) => file)).toEqual([
    "training_model.onnx",
    "eval_model.onnx",
    "optimizer_model.onnx",
  ]);
  const named = entries.flatMap(({ file, lowered = {} }) => [file, ...Object.values(lowered)]);
  expect((await readdir(out)).sort()).toEqual([...named, "manifest.json"].sort());
});
