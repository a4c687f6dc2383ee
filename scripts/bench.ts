// Measures training steps and evaluations on this machine: as authored, portable, and by PyTorch.
import { cpus } from "node:os";
import type { Host } from "../lib/run/session.ts";
import { authorCase, type CaseName, cases } from "./bench/cases.ts";
import { openRunner, type Work } from "./bench/contestant.ts";
import { requireEqual } from "./bench/equality.ts";
import { interleaved, median, ratios, type Timing, timed } from "./bench/measure.ts";
import { openPeer } from "./bench/peer.ts";
import { problemOf } from "./bench/problem.ts";
import { printProfile } from "./bench/profile.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { common, count, optionalChoice, text, toggle } from "./cli/options.ts";
import { tell } from "./cli/progress.ts";
import { table } from "./cli/report.ts";

const names = Object.keys(cases) as CaseName[];

interface Row {
  readonly case: string;
  readonly work: Work | "author" | `open ${Work}`;
  readonly of: string;
  readonly wall: number;
  readonly cpu: number;
  /** Our time by this contestant's: medians and ratios of minima. */
  readonly ratio: ReturnType<typeof ratios> | null;
}

interface Choice {
  readonly rounds: number;
  readonly threads: number;
  readonly python: string | undefined;
}

/** Runs something once, which is then a row without ratios. */
async function once<T>(row: Pick<Row, "case" | "work">, rows: Row[], make: () => T | Promise<T>): Promise<T> {
  let made: T | undefined;
  const timing = await timed(async () => {
    made = await make();
  });
  rows.push({ ...row, of: "langevin", ...timing, ratio: null });
  return made!;
}

/** Our graphs for this device against portable ones and against the peer. */
async function compare(name: CaseName, work: Work, host: Host, choice: Choice): Promise<Row[]> {
  await using resources = new AsyncDisposableStack();
  const rows: Row[] = [];
  const author = () => authorCase(name, host.device.lowering);
  const authored = work === "step" ? await once({ case: name, work: "author" }, rows, author) : author();
  const problem = problemOf(authored.manifest);
  const open = () => openRunner("langevin", host, authored, problem, work);
  const ours = resources.use(await once({ case: name, work: `open ${work}` }, rows, open));
  const plain = { ...host, device: { ...host.device, lowering: undefined } };
  const hasOwn = host.device.lowering !== undefined && authored.manifest.graphs.step.lowered !== undefined;
  const others = hasOwn ? [resources.use(await openRunner("portable", plain, authored, problem, work))] : [];
  const peer =
    choice.python !== undefined && authored.manifest.model.folder === "unet"
      ? resources.use(await openPeer(choice.python, problem, choice.threads))
      : undefined;
  if (peer) await requireEqual(ours, peer, work);
  const contestants = [ours, ...others, ...(peer ? [peer.contestant(work)] : [])];
  const timings = await interleaved(contestants, choice.rounds);
  const of = (what: keyof Timing, i: number) => median(timings[i]!.map((each) => each[what]));
  for (const [i, { name: who }] of contestants.entries()) {
    const ratio = i === 0 ? null : ratios(timings[0]!, timings[i]!);
    rows.push({ case: name, work, of: who, wall: of("wall", i), cpu: of("cpu", i), ratio });
  }
  return rows;
}

const rowOf = ({ case: name, work, of, wall, cpu, ratio }: Row) => [
  name,
  work,
  of,
  wall.toFixed(1),
  cpu.toFixed(1),
  ...(ratio
    ? [ratio.wall.median, ratio.wall.best, ratio.cpu.median, ratio.cpu.best].map((value) => value.toFixed(2))
    : ["", "", "", ""]),
];

const head = ["case", "work", "of", "ms", "cpu ms", "ours/its", "best", "cpu", "best cpu"];

await main({
  name: "bench",
  summary: "Measure training steps and evaluations, against portable graphs and PyTorch",
  options: {
    case: optionalChoice("--case <name>", "one network (default: all)", names),
    rounds: count("--rounds <n>", "rounds, in each of which everybody runs once (default 15)"),
    threads: count("--threads <n>", "threads of everybody (default: all cores)"),
    peer: optionalChoice("--peer <name>", "who else solves the same problems", ["pytorch"]),
    python: text("--python <path>", "the Python that has torch and diffusers (default python3)"),
    profile: toggle("--profile", "where the time of a training step goes instead: by operator and by shape"),
    device: common.device,
    json: common.json,
  },
  examples: ["", "--case digits --peer pytorch --rounds 20", "--case unet-64 --profile"],
  epilogue: `Cases:\n${table(names.map((name) => [`  ${name}`, cases[name].summary, `batch ${cases[name].batch}`]))}`,
  async run(values) {
    const { rounds = 15, threads = cpus().length, peer, python = "python3" } = values;
    const opened = await openHost(values.device);
    const sessionOptions = { ...opened.device.sessionOptions, intraOpNumThreads: threads };
    const host = { ...opened, device: { ...opened.device, sessionOptions } };
    const chosen = values.case ? [values.case] : names;
    if (values.profile) {
      for (const name of chosen) await printProfile(name, host, values.json);
      return undefined;
    }
    const rows: Row[] = [];
    for (const name of chosen)
      for (const work of ["step", "evaluation"] as const) {
        tell(`${name}: ${work}`);
        rows.push(...(await compare(name, work, host, { rounds, threads, python: peer && python })));
      }
    const machine = {
      cpu: cpus()[0]!.model.trim(),
      threads,
      device: host.device.name,
      lowering: host.device.lowering,
    };
    console.log(
      values.json ? JSON.stringify({ ...machine, rounds, rows }) : table([head, ...rows.map(rowOf)]),
    );
    return undefined;
  },
});
