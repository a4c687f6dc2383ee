// The commands on models that learn variances: trained by times of large losses, sampled as they learned, and their bound in three columns.
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const folder = new TemporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const run = join(folder.path, "run");

async function succeed(script: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runScript(script, [...args, "--json"]);
  if (code !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

const points = ["--preset", "density-iddpm", "--data", "mixture"];

test("a few hundred steps learn variances with which the bound of a mixture comes near its entropy, nearer than with either fixed one", async () => {
  const trained = ["--times", "loss-second-moment", "--steps", "400", "--out", run];
  const { skipped } = await succeed("train", [...points, ...trained]);
  expect(skipped).toBe(0);
  const { bound } = await succeed("likelihood", [run, "--method", "bound", "--count", "1000"]);
  const { learned, beta, posterior } = bound.total;
  for (const fixed of [beta, posterior]) expect(learned.mean).toBeLessThan(fixed.mean);
  expect(learned.mean - bound.exactBitsPerDim).toBeLessThan(0.3);
  expect(learned.mean - bound.exactBitsPerDim).toBeGreaterThan(-4 * learned.error);
  for (const term of bound.terms) expect(term.learned.mean).toBeFinite();
  const { stdout } = await runScript("likelihood", [run, "--method", "bound", "--count", "50"]);
  expect(stdout).toMatch(/^bits\/dim +variance beta +variance beta~ +variance learned$/m);
}, 60_000);

test("samples have the learned variance unless told another", async () => {
  const drawn = async (...more: string[]) => {
    const npy = join(folder.path, "points.npy");
    const common = ["--count", "100", "--steps", "10", "--npy", npy, "--out", join(folder.path, "a.png")];
    await succeed("sample", [run, ...common, ...more]);
    return Bun.SHA256.hash(await Bun.file(npy).bytes(), "hex");
  };
  const [own, learned, posterior] = [
    await drawn(),
    await drawn("--variance", "learned"),
    await drawn("--variance", "posterior"),
  ];
  expect(learned).toBe(own);
  expect(posterior).not.toBe(own);
}, 60_000);

test.each([
  [
    "sample",
    ["test/golden/schedulers/pipeline", "--variance", "learned"],
    /^sample: --variance learned: .*\n$/,
  ],
  [
    "train",
    ["--preset", "digits-ddpm", "--objective", "hybrid"],
    /^train: objective "hybrid" needs a network/,
  ],
  [
    "train",
    ["--preset", "digits-vp", "--objective", "vlb-beta"],
    /^train: objective "vlb-beta" needs a sched/,
  ],
  ["train", ["--preset", "digits", "--times", "loss-second-moment"], /^train: --times loss-second-moment: /],
] as const)("%s refuses in one line what it cannot do: %p", async (script, args, line) => {
  const out = join(folder.path, "none.png");
  const { code, stdout, stderr } = await runScript(script, [...args, "--out", out]);
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe("");
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd()).not.toContain("\n");
});
