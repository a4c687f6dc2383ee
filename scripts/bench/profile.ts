// Where the time of a training step goes, by ONNX Runtime's own profile.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Host } from "../../lib/run/session.ts";
import { table } from "../cli/report.ts";
import { authorCase, type CaseName } from "./cases.ts";
import { openRunner } from "./contestant.ts";
import { problemOf } from "./problem.ts";

const runs = 5;

const eventSchema = z.object({
  name: z.string(),
  dur: z.number(),
  args: z.object({
    op_name: z.string(),
    output_type_shape: z.array(z.record(z.string(), z.array(z.number()))).optional(),
  }),
});

interface Kernel {
  readonly operator: string;
  /** The largest result's shape. */
  readonly shape: string;
  readonly milliseconds: number;
}

/** Prints the kernels' times summed by operator, and the costliest by operator and shape. */
export async function printProfile(name: CaseName, host: Host, json: boolean): Promise<void> {
  const kernels = await profiled(name, host);
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const operators = grouped(kernels, ({ operator }) => operator, total);
  const shapes = grouped(kernels, ({ operator, shape }) => `${operator} ${shape}`, total).slice(0, 25);
  if (json) console.log(JSON.stringify({ case: name, total, operators, shapes }));
  else console.log([`${name}: ${total.toFixed(1)} ms`, lines(operators), "", lines(shapes)].join("\n"));
}

interface Group {
  readonly of: string;
  readonly milliseconds: number;
  readonly share: number;
  readonly nodes: number;
}

function grouped(kernels: readonly Kernel[], key: (kernel: Kernel) => string, total: number): Group[] {
  return [...Map.groupBy(kernels, key)]
    .map(([of, members]) => {
      const milliseconds = members.reduce((sum, each) => sum + each.milliseconds, 0);
      return { of, milliseconds, share: milliseconds / total, nodes: members.length };
    })
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

const lines = (groups: readonly Group[]) =>
  table(
    groups.map(({ of, milliseconds, share, nodes }) => [
      `  ${of}`,
      milliseconds.toFixed(2),
      `${(100 * share).toFixed(1)} %`,
      `${nodes} nodes`,
    ]),
  );

/** The median time of every node of the step graph over some runs. */
async function profiled(name: CaseName, host: Host): Promise<Kernel[]> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "langevin-profile-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const authored = authorCase(name, host.device.lowering);
  const profiling = { enableProfiling: true, profileFilePrefix: join(folder, "step") };
  const device = { ...host.device, sessionOptions: { ...host.device.sessionOptions, ...profiling } };
  const runner = await openRunner(name, { ...host, device }, authored, problemOf(authored.manifest), "step");
  for (let i = 0; i < runs; i++) await runner.answer();
  // The profile is written when the session ends.
  await runner[Symbol.asyncDispose]();
  const [file] = await readdir(folder);
  const events: unknown = JSON.parse(await readFile(join(folder, file!), "utf8"));
  const parsed = z
    .array(z.unknown())
    .parse(events)
    .flatMap((event) => {
      const kernel = eventSchema.safeParse(event);
      return kernel.success && kernel.data.name.endsWith("_kernel_time") ? [kernel.data] : [];
    });
  return [...Map.groupBy(parsed, (event) => event.name).values()].map((events) => {
    const { op_name: operator, output_type_shape: outputs = [] } = events[0]!.args;
    const shape = outputs.flatMap((output) => Object.values(output)).map((sizes) => `[${sizes}]`)[0] ?? "";
    const times = events.map(({ dur }) => dur).sort((a, b) => a - b);
    return { operator, shape, milliseconds: times[times.length >> 1]! / 1000 };
  });
}
