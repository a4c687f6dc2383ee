// The main job for somebody who just arrived: trains the default model, or goes on with it, then draws samples.
import { existsSync } from "node:fs";
import { main } from "./cli/command.ts";

const run = "runs/digits";

/** Runs a script with this process's terminal; answers its exit code. */
const script = (name: string, ...options: string[]) =>
  Bun.spawn([process.execPath, `scripts/${name}.ts`, ...options], {
    stdio: ["inherit", "inherit", "inherit"],
  }).exited;

await main({
  name: "start",
  summary: "Train the default model, or go on with it, then draw samples",
  options: {},
  examples: [""],
  async run() {
    const resume = existsSync(`${run}/checkpoints`) ? ["--resume"] : [];
    const trained = await script("train", "--out", run, ...resume);
    return trained === 0
      ? script("sample", run, "--animate", `${run}/samples/annealed-langevin.webp`)
      : trained;
  },
});
