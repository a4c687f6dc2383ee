// The memory that --dry-run prints is that of the whole training process, within 20 %, and the ways to lower it are refused where they cannot be had.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { peakMemory } from "../../scripts/bench/peak-memory.ts";
import { outcome, runScript, startScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const small = {
  "images, recomputed": ["--preset", "tiny", "--batch", "32", "--gradient-checkpointing"],
  "points in micro-batches": ["--preset", "density", "--batch", "4096", "--micro-batch", "1024"],
};

/** The most bytes that a process has held, by its own account of it as long as it has one. */
async function peakOf(child: ReturnType<typeof startScript>): Promise<number> {
  let peak = 0;
  const watch = setInterval(async () => {
    peak = (await peakMemory(child.pid)) ?? peak;
  }, 20);
  const { code } = await outcome(child);
  clearInterval(watch);
  expect(code).toBe(0);
  return peak;
}

test.skipIf(process.platform !== "linux").each(Object.entries(small))(
  "%s: the estimate is within 20 %% of the measured peak",
  async (_, args) => {
    using folder = new TemporaryFolder();
    const chosen = [...args, "--steps", "10", "--out", join(folder.path, "run"), "--json"];
    const dry = await runScript("train", [...chosen, "--dry-run"]);
    const estimate = Number.parseFloat(JSON.parse(dry.stdout).memory);
    const measured = (await peakOf(startScript("train", chosen))) / 1e6;
    expect(Math.abs(estimate / measured - 1)).toBeLessThan(0.2);
  },
);

test("a run says how it was authored when it is to go on otherwise, and micro-batches make up the batch", async () => {
  using folder = new TemporaryFolder();
  const out = ["--preset", "tiny", "--out", join(folder.path, "run")];
  const authored = await runScript("author", [...out, "--micro-batch", "4"]);
  expect(authored.code).toBe(0);
  const resumed = async (...args: string[]) => (await runScript("train", [...out, ...args])).stderr;
  expect(await resumed("--micro-batch", "2")).toMatch(
    /was authored with micro-batch 4, got --micro-batch 2; choose another --out\n$/,
  );
  expect(await resumed("--gradient-checkpointing")).toMatch(
    /was authored without gradient checkpointing, got --gradient-checkpointing; choose another --out\n$/,
  );
  const uneven = await runScript("train", ["--preset", "tiny", "--micro-batch", "3", "--dry-run"]);
  expect(uneven).toMatchObject({
    code: 1,
    stderr: "train: --micro-batch: expected a divisor of the batch, 8, got 3; take 2\n",
  });
});
