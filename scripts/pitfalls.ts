// Shows the three pitfalls of plain score matching and Langevin dynamics, one picture each.
import { join } from "node:path";
import { UsageError } from "../lib/errors.ts";
import { writeFigure } from "../lib/plots/write-figure.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { interrupt } from "./cli/interrupt.ts";
import { common, count, text } from "./cli/options.ts";
import { lowDensity } from "./cli/pitfalls/low-density.ts";
import { manifold } from "./cli/pitfalls/manifold.ts";
import { mixing } from "./cli/pitfalls/mixing.ts";
import type { Pitfall } from "./cli/pitfalls/pitfall.ts";
import { report, table } from "./cli/report.ts";

const pitfalls: Readonly<Record<string, Pitfall>> = { "low-density": lowDensity, mixing, manifold };
const names = Object.keys(pitfalls);

await main({
  name: "pitfalls",
  summary:
    "Show why plain score matching and Langevin dynamics are not enough (Song & Ermon 2019, section 3)",
  argument: { name: "pitfall", help: `one of: ${names.join(", ")}` },
  options: {
    steps: count("--steps <n>", "training steps of each model (default 3000)"),
    out: text(
      "--out <file>",
      "the picture, .png or .svg, or without an ending both (default runs/pitfalls/<pitfall>)",
    ),
    ...common,
  },
  examples: names,
  epilogue: `Pitfalls:\n${table(names.map((name) => [`  ${name}`, pitfalls[name]!.summary]))}`,
  async run({ steps = 3000, ...values }, name = "") {
    const pitfall = Object.hasOwn(pitfalls, name) ? pitfalls[name] : undefined;
    if (!pitfall) throw new UsageError(`expected one of: ${names.join(", ")}, got "${name}"`);
    const host = await openHost(values.device);
    using stop = interrupt();
    const shown = await pitfall.show({ ...host, steps, seed: values.seed, signal: stop.signal });
    if (!shown) return 130;
    const wrote = await writeFigure(values.out ?? join("runs", "pitfalls", name), shown.figure);
    report({ ...shown.numbers, wrote }, values.json);
    return undefined;
  },
});
