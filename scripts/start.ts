// The main job for somebody who just arrived: trains the default model, or goes on with it, then draws samples.
import { existsSync } from "node:fs";

const run = "runs/digits";

/** Runs a script with this process's terminal; answers its exit code. */
const script = (name: string, ...options: string[]) =>
  Bun.spawn([process.execPath, `scripts/${name}.ts`, ...options], {
    stdio: ["inherit", "inherit", "inherit"],
  }).exited;

const resume = existsSync(`${run}/checkpoints`) ? ["--resume"] : [];
process.exitCode = await script("train", "--out", run, ...resume);
if (process.exitCode === 0)
  process.exitCode = await script("sample", run, "--animate", `${run}/samples/annealed-langevin.webp`);
