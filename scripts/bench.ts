// Measures training, sampling and start-up on this machine: as lowered for it, portable, and by PyTorch.
import { cpus } from "node:os";
import type { Host } from "../lib/run/session.ts";
import { type Case, type CaseName, cases, type WorkName } from "./bench/cases.ts";
import { machineOf, machineText } from "./bench/machine.ts";
import type { Measurement } from "./bench/measurement.ts";
import { peakMemory } from "./bench/peak-memory.ts";
import { type Profile, profile, profileText } from "./bench/profile.ts";
import { type Row, rowsMarkdown, rowsTable } from "./bench/row.ts";
import { type Growth, growthText, plotGrowth, scaling } from "./bench/scaling.ts";
import { workNames, works } from "./bench/works.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { common, count, optionalChoice, text, toggle } from "./cli/options.ts";
import { tell } from "./cli/progress.ts";
import { table } from "./cli/report.ts";

const names = Object.keys(cases) as CaseName[];

/** The device that everybody uses, with so many threads. */
async function openWith(threads: number, name: Parameters<typeof openHost>[0]): Promise<Host> {
  const { ort, device } = await openHost(name);
  const sessionOptions = { ...device.sessionOptions, intraOpNumThreads: threads };
  return { ort, device: { ...device, sessionOptions } };
}

interface Asked extends Pick<Measurement, "host" | "rounds" | "threads" | "python" | "alone"> {
  readonly case: CaseName | undefined;
  readonly work: WorkName | undefined;
  readonly plot: string | undefined;
  readonly markdown: boolean;
}

const chosenCases = ({ case: name }: Asked) => (name ? [name] : names);

/** What can be asked for: each answers what it found, and a text for people. */
const modes = {
  rows: async (asked: Asked) => {
    const rows: Row[] = [];
    for (const name of chosenCases(asked)) {
      const measured: Case = cases[name];
      for (const work of measured.works.filter((each) => (asked.work ?? each) === each)) {
        tell(`${name}: ${work}`);
        rows.push(...(await works[work].measure({ ...asked, name, case: measured })));
      }
    }
    return { rows, text: (asked.markdown ? rowsMarkdown : rowsTable)(rows) };
  },
  profile: async (asked: Asked) => {
    const profiles: Profile[] = [];
    for (const name of chosenCases(asked)) profiles.push(await profile(name, cases[name], asked.host));
    return { profiles, text: profiles.map(profileText).join("\n\n") };
  },
  scaling: async ({ host, rounds, plot }: Asked) => {
    const growths: Growth[] = [];
    for await (const growth of scaling(host, rounds)) {
      growths.push(growth);
      tell(`${growth.axis}: exponent ${growth.exponent.toFixed(2)}`);
    }
    const wrote = plot === undefined ? [] : await plotGrowth(plot, growths);
    return { growths, wrote, text: [growthText(growths), ...wrote].join("\n") };
  },
};

await main({
  name: "bench",
  summary: "Measure training, sampling and start-up, against portable graphs and PyTorch",
  takesLong: true,
  options: {
    case: optionalChoice("--case <name>", "one network (default: all)", names),
    work: optionalChoice(
      "--work <name>",
      "one kind of work (default: all that the network is for)",
      workNames,
    ),
    rounds: count("--rounds <n>", "rounds, in each of which everybody runs once (default 15)"),
    threads: count("--threads <n>", "threads of everybody (default: all cores)"),
    peer: optionalChoice(
      "--peer <name>",
      "who else solves the same problems, eager, compiled and by diffusers' own loops",
      ["pytorch"],
    ),
    python: text("--python <path>", "the Python that has torch and diffusers (default python3)"),
    alone: toggle("--alone", "our graphs for this device only, without portable ones"),
    profile: toggle(
      "--profile",
      "where the time of a training step goes instead: by operator, shape and layer",
    ),
    scaling: toggle("--scaling", "how a training step's time grows with batch, pixels and width instead"),
    plot: text("--plot <file>", "a picture of --scaling, .png or .svg, or without an ending both"),
    markdown: toggle("--markdown", "print the table as Markdown"),
    device: common.device,
    json: common.json,
  },
  examples: [
    "",
    "--case digits --peer pytorch --rounds 20",
    "--case unet-64 --profile",
    "--scaling --plot runs/scaling",
  ],
  epilogue: [
    "Cases:",
    table(names.map((name) => [`  ${name}`, cases[name].summary, `batch ${cases[name].batch}`])),
    "",
    "Work:",
    table(workNames.map((name) => [`  ${name}`, works[name].summary])),
  ].join("\n"),
  async run(values) {
    const { rounds = 15, threads = cpus().length, peer } = values;
    const host = await openWith(threads, values.device);
    const python = peer && (values.python ?? "python3");
    const machine = await machineOf(host, threads, python);
    const mode = values.profile ? "profile" : values.scaling ? "scaling" : "rows";
    const { text, ...found } = await modes[mode]({ ...values, host, rounds, threads, python });
    if (values.json)
      console.log(
        JSON.stringify({ ...machine, rounds, ...found, peakMemory: await peakMemory(process.pid) }),
      );
    else console.log([machineText(machine), text].join("\n\n"));
    return undefined;
  },
});
