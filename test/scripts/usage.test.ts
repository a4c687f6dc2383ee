// Help, usage errors and other mistakes of every command: one clear line, the right exit code, nothing on stdout.
import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const commands = [
  "train",
  "sample",
  "author",
  "suggest",
  "likelihood",
  "compare",
  "compare-samplers",
  "pitfalls",
  "sheet",
  "demo",
  "bench",
  "doctor",
];

for (const command of commands) {
  test(`${command} --help has options and at least two examples`, async () => {
    const { code, stdout, stderr } = await runScript(command, ["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("--json");
    expect(stdout.match(new RegExp(`^  bun scripts/${command}\\.ts`, "gm"))?.length).toBeGreaterThanOrEqual(
      2,
    );
  });

  test(`${command} names the options when one is unknown`, async () => {
    const { code, stdout, stderr } = await runScript(command, ["--frobnicate"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^[\w-]+: unknown option --frobnicate; possible: --.*--help.*\n$/);
  });
}

const mistakes: [what: string, command: string, args: string[], code: number, line: RegExp][] = [
  [
    "an unknown method",
    "sample",
    ["--method", "anneal"],
    2,
    /--method: expected one of: .*annealed-langevin.*got "anneal"/,
  ],
  [
    "an unknown preset",
    "train",
    ["--preset", "mnits"],
    2,
    /--preset: expected one of: digits, .*got "mnits"/,
  ],
  [
    "an unknown device",
    "train",
    ["--device", "tpu"],
    2,
    /--device: expected one of: cpu, webgpu, cuda, auto/,
  ],
  [
    "a value that is no number",
    "train",
    ["--steps", "many"],
    2,
    /--steps: expected a whole number from 1, got "many"/,
  ],
  ["a missing value", "train", ["--steps"], 2, /--steps: expected a value/],
  ["too many arguments", "sample", ["a", "b"], 2, /unexpected argument "b"/],
  [
    "an impossible animation",
    "sample",
    ["--animate", "x.mp4"],
    2,
    /--animate: expected a name ending in \.webp or \.gif/,
  ],
  ["a grid that is no PNG", "sample", ["--out", "x.jpg"], 2, /--out: expected a name ending in \.png/],
  ["a folder for a file", "sample", ["--npy", "lib"], 2, /--npy: expected the name of a file, lib is none/],
  [
    "a file for a folder",
    "sample",
    ["--save-each", "LICENSE"],
    2,
    /--save-each: expected the name of a folder/,
  ],
  [
    "data that is not there",
    "suggest",
    ["--data", "nowhere"],
    1,
    /data "nowhere": no such name or path; expected built-in pictures \(digits, shapes, binary-digits, heartbeat\)/,
  ],
  [
    "an objective without what it needs",
    "train",
    ["--data", "two-moons", "--objective", "contrastive-divergence"],
    1,
    /objective "contrastive-divergence" needs an energy-based model, such as --preset density-energy/,
  ],
  [
    "noise levels that an objective cannot do without",
    "train",
    ["--data", "two-moons", "--sigma", "0"],
    1,
    /objective "denoising" learns from noise and needs noise levels above 0/,
  ],
  [
    "points for a preset of images",
    "train",
    ["--preset", "digits", "--data", "rings"],
    1,
    /try --preset density/,
  ],
  [
    "images for a preset of points",
    "train",
    ["--preset", "density", "--data", "digits"],
    1,
    /try --preset digits/,
  ],
  ["data of unknown score", "compare", ["--data", "digits"], 2, /its score is not known/],
  [
    "an unknown objective",
    "compare",
    ["--objectives", "slices"],
    2,
    /--objectives: expected some of .*"slices"/,
  ],
  ["a sheet of nothing", "sheet", [], 2, /--models: expected one folder or more/],
  ["an unknown sampler in a sheet", "sheet", ["--methods", "dim"], 2, /--methods: expected some of .*"dim"/],
  ["an unknown pitfall", "pitfalls", ["drowning"], 2, /expected one of: low-density, mixing, manifold/],
  ["a model folder that is not there", "sample", ["nowhere"], 1, /nowhere: no such folder/],
  ["an absurd image size", "suggest", ["--image-size", "7x0", "--data", "."], 2, /7x0/],
];

for (const [what, command, args, code, line] of mistakes) {
  test(`${command} refuses ${what}`, async () => {
    const outcome = await runScript(command, args);
    expect(outcome.stderr).toMatch(line);
    expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: "" });
  });
}

test("sample without any run draws from the model that comes with the project, into runs/", async () => {
  using folder = new TemporaryFolder();
  const choice = ["--method", "euler", "--steps", "3", "--count", "2", "--json"];
  const { code, stdout } = await runScript("sample", choice, { cwd: folder.path });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ wrote: [join("runs", "samples", "euler.png")], samples: 2 });
  expect((await sharp(join(folder.path, "runs/samples/euler.png")).metadata()).height).toBe(2 * 28 + 4);
});

test("a command that needs a run says how to get one", async () => {
  using folder = new TemporaryFolder();
  const { code, stderr } = await runScript("likelihood", [], { cwd: folder.path });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^likelihood: no run in runs\/; train one with `bun scripts\/train\.ts`.*\n$/);
});

test("a manifest of another version is refused with what to do", async () => {
  using folder = new TemporaryFolder();
  await mkdir(join(folder.path, "run"));
  await writeFile(
    join(folder.path, "run/manifest.json"),
    JSON.stringify({ format: "langevin", version: 99 }),
  );
  const { code, stderr } = await runScript("sample", ["run"], { cwd: folder.path });
  expect(code).toBe(1);
  expect(stderr).toMatch(/manifest version 99, this build reads version 2; re-author/);
});

test("suggest answers JSON whose ladder descends from sigmaMax to sigmaMin", async () => {
  const { code, stdout } = await runScript("suggest", ["--json"]);
  expect(code).toBe(0);
  const answer = JSON.parse(stdout);
  expect(answer.sigmas).toHaveLength(answer.levels);
  expect(answer.sigmas.at(0)).toBeCloseTo(answer.sigmaMax, 9);
  expect(answer.sigmas.at(-1)).toBeCloseTo(answer.sigmaMin, 9);
  expect(answer.sigmas).toEqual([...answer.sigmas].sort((a: number, b: number) => b - a));
});
