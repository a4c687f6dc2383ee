// How long it takes until work begins: authoring and opening sessions, and a whole process that draws samples.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { writeModelFolder } from "../../lib/run/folder.ts";
import { initialParameters } from "../../lib/run/initialize.ts";
import { givenEnvironment } from "../cli/allocators.ts";
import { authorCase } from "./cases.ts";
import { artifactOf, openers } from "./contestant.ts";
import { medians, type Timing, timed } from "./measure.ts";
import type { Measurement } from "./measurement.ts";
import { problemOf } from "./problem.ts";
import type { Row } from "./row.ts";

export async function startUp({ name, case: each, host }: Measurement): Promise<Row[]> {
  const rows: Row[] = [];
  const row = (work: string, { wall, cpu }: Timing) =>
    rows.push({ case: name, work, of: "langevin", amount: wall, unit: "ms", cpu });
  const once = async <T>(work: string, make: () => T | Promise<T>): Promise<T> => {
    let made: T | undefined;
    row(
      work,
      await timed(async () => {
        made = await make();
      }),
    );
    return made!;
  };
  const authored = await once("author", () => authorCase(each, host.device.lowering));
  const entry = { ...host, name: "langevin", authored, problem: problemOf(authored.manifest), repeats: 1 };
  for (const work of ["step", "evaluation"] as const) {
    await using _ = await once(`open ${work}`, () => openers[work](entry));
  }
  return rows;
}

const bun = process.execPath;
const script = join(import.meta.dir, "..", "sample.ts");

/** Processes one after another, each of which draws a batch by ten steps of DDIM. */
export async function sampleScript(measurement: Measurement): Promise<Row[]> {
  const { name, case: each, host, rounds } = measurement;
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "langevin-bench-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const [model, picture] = [join(folder, "model"), join(folder, "samples.png")];
  const authored = authorCase(each);
  await writeModelFolder(model, artifactOf(authored), initialParameters(authored.manifest, 0));
  const choice = ["--method", "ddim", "--steps", "10", "--count", `${each.batch}`];
  const command = [bun, script, model, ...choice, "--out", picture, "--device", host.device.name];
  const timings: Timing[] = [];
  for (let round = 0; round < rounds; round++) timings.push(await processTime(command));
  const { wall, cpu } = medians(timings);
  return [{ case: name, work: "sample.ts", of: "langevin", amount: wall, unit: "ms", cpu }];
}

/** How long a process lives. Throws UserError with its last line when it fails. */
async function processTime(command: readonly string[]): Promise<Timing> {
  const began = performance.now();
  const child = Bun.spawn([...command], { env: givenEnvironment(), stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0)
    throw new UserError(`bench: ${command.join(" ")} failed (${complaint.trim().split("\n").at(-1)})`);
  return {
    wall: performance.now() - began,
    cpu: Number(child.resourceUsage()!.cpuTime.total) / 1000,
  };
}
