// The most memory of processes that do nothing but train, one at a time.
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { authorCase } from "./cases.ts";
import type { Measurement } from "./measurement.ts";
import { peakMemory } from "./peak-memory.ts";
import { openPeer, peers, peersFor } from "./peer.ts";
import { problemOf } from "./problem.ts";
import type { Row } from "./row.ts";

/** What a process holds no longer grows after the first steps. */
const rounds = 5;

export async function trainingMemory(measurement: Measurement): Promise<Row[]> {
  const { name, case: each, python, host } = measurement;
  const row = (of: string, bytes: number | undefined) =>
    ({ case: name, work: "memory", of, amount: (bytes ?? unknown()) / 1e6, unit: "MB" }) as const;
  const ours = row("langevin", await ownMemory(measurement));
  const problem = problemOf(authorCase(each, host.device.lowering).manifest);
  const rows: Row[] = [ours];
  for (const peer of python === undefined ? [] : peersFor("step", problem)) {
    // What a compiler holds is not what training needs.
    if ("preparation" in peers[peer]) continue;
    const { threads } = measurement;
    await using runner = await openPeer(
      { python: python!, name: peer, work: "step", threads, repeats: 1 },
      problem,
    );
    for (let round = 0; round < rounds; round++) await runner.run();
    const their = row(peer, await peakMemory(runner.pid));
    rows.push({ ...their, ratio: { median: ours.amount / their.amount } });
  }
  return rows;
}

function unknown(): never {
  throw new UserError("bench: peak memory is read from Linux' /proc, which is not here; name another --work");
}

const reportSchema = z.object({ peakMemory: z.number().optional() });

/** That of this command with nothing but our steps to do, authoring included. */
async function ownMemory({ name, threads, host }: Measurement): Promise<number | undefined> {
  const script = join(import.meta.dir, "..", "bench.ts");
  const choice = { case: name, work: "step", rounds, threads, device: host.device.name };
  const options = Object.entries(choice).flatMap(([key, value]) => [`--${key}`, `${value}`]);
  const command = [process.execPath, script, ...options, "--alone", "--json"];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [out, complaint] = await Promise.all(
    [child.stdout, child.stderr].map((each) => new Response(each).text()),
  );
  if ((await child.exited) !== 0)
    throw new UserError(`bench: ${command.join(" ")} failed (${complaint!.trim()})`);
  return reportSchema.parse(JSON.parse(out!)).peakMemory;
}
