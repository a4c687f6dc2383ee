// Our graphs for this device against portable ones and against the peers, in turns.
import { UserError } from "../../lib/errors.ts";
import { tell } from "../cli/progress.ts";
import { authorCase } from "./cases.ts";
import { type Contest, openers, type Runner } from "./contestant.ts";
import { requireEqual, solutions } from "./equality.ts";
import { interleaved, medians, ratios } from "./measure.ts";
import type { Measurement } from "./measurement.ts";
import { openPeer, type PeerName, peers, peersFor } from "./peer.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { Row } from "./row.ts";

interface Rival {
  readonly runner: Runner;
  /** How far its numbers lie from ours; our own graphs are compared in tests. */
  readonly apart?: number;
}

export async function compared(work: Contest, measurement: Measurement): Promise<Row[]> {
  const { name, case: each, host, rounds, alone } = measurement;
  const { repeats = 1 } = each;
  await using resources = new AsyncDisposableStack();
  const authored = authorCase(each, host.device.lowering);
  const problem = problemOf(authored.manifest);
  const entry = { ...host, authored, problem, repeats };
  const ours = resources.use(await openers[work]({ ...entry, name: "langevin" }));
  const rivals: Rival[] = [];
  if (!alone && host.device.lowering && authored.manifest.graphs.step.lowered) {
    const device = { ...host.device, lowering: undefined };
    rivals.push({ runner: resources.use(await openers[work]({ ...entry, name: "portable", device })) });
  }
  const competing = measurement.python === undefined ? [] : peersFor(work, problem);
  const expected = competing.length > 0 ? await solutions(ours, work) : [];
  for (const peer of competing) {
    tell(`  ${peer}`);
    const rival = await openRival(peer, { ...measurement, problem, work, expected });
    if (rival) rivals.push({ ...rival, runner: resources.use(rival.runner) });
  }
  const timings = await interleaved([ours, ...rivals.map(({ runner }) => runner)], rounds);
  return [{ runner: ours }, ...rivals].map(({ runner, apart }, i) => {
    const { wall, cpu } = medians(timings[i]!);
    const row = { case: name, work, of: runner.name, amount: wall, unit: "ms", cpu } as const;
    if (i === 0) return row;
    const ratio = ratios(timings[0]!, timings[i]!);
    return { ...row, ratio: ratio.wall, cpuRatio: ratio.cpu, ...(apart !== undefined && { apart }) };
  });
}

interface Trial extends Pick<Measurement, "python" | "threads" | "case"> {
  readonly problem: Problem;
  readonly work: Contest;
  readonly expected: Awaited<ReturnType<typeof solutions>>;
}

/** A peer that has shown that it computes the same; undefined for one that may fail and did. */
async function openRival(name: PeerName, trial: Trial): Promise<Required<Rival> | undefined> {
  const { python = "", threads, case: each, problem, work, expected } = trial;
  const runner = await openPeer({ python, name, work, threads, repeats: each.repeats ?? 1 }, problem);
  try {
    return { runner, apart: requireEqual(expected, await solutions(runner, work), work) };
  } catch (error) {
    await runner[Symbol.asyncDispose]();
    if (!(error instanceof UserError && "preparation" in peers[name])) throw error;
    tell(`${name} is left out: ${error.message}`);
    return undefined;
  }
}
