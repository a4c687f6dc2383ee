// The kernels of ONNX Runtime's profile and how long each takes in a run.
import { z } from "zod";

export interface Kernel {
  /** The graph's node. */
  readonly node: string;
  readonly operator: string;
  /** Of the first result. */
  readonly shape: string;
  /** In one run. */
  readonly milliseconds: number;
}

type Shared = Omit<Kernel, "milliseconds">;

/** On the host a node is one event; its time there says nothing where a GPU computes. */
const hostEvent = z
  .object({
    cat: z.literal("Node"),
    name: z.string().endsWith("_kernel_time"),
    dur: z.number(),
    args: z.object({
      op_name: z.string(),
      output_type_shape: z.array(z.record(z.string(), z.array(z.number()))).default([]),
    }),
  })
  .transform(({ name, dur, args }) => ({
    node: name.replace(/_kernel_time$/, ""),
    operator: args.op_name,
    shape: args.output_type_shape.flatMap(Object.values).map((sizes) => `[${sizes}]`)[0] ?? "",
    dur,
  }));

/** WebGPU's own clock, one event for each program of a node: node&operator&program. */
const gpuEvent = z
  .object({
    cat: z.literal("Api"),
    name: z.string().regex(/&.*&/),
    dur: z.number(),
    args: z.object({ shapes: z.string() }),
  })
  .transform(({ name, dur, args }) => {
    const [program, operator, ...rest] = name.split("&").toReversed();
    const shape = /outputs\[0\] = \{([^}]*)\}/.exec(args.shapes)?.[1] ?? "";
    return { node: rest.toReversed().join("&"), operator: operator!, shape: `[${shape}]`, dur, program };
  });

/** Every kernel of a profile of so many runs, with the median of its times. */
export function kernelsOf(profile: string, runs: number): Kernel[] {
  const events: unknown[] = z.array(z.unknown()).parse(JSON.parse(profile));
  const matching = <T extends Shared & { readonly dur: number }>(schema: z.ZodType<T>) =>
    events.flatMap((event) => {
      const parsed = schema.safeParse(event);
      return parsed.success ? [parsed.data] : [];
    });
  const onGpu = matching(gpuEvent);
  const measured = onGpu.length > 0 ? onGpu : matching(hostEvent);
  const key = ({ node, operator, ...more }: Shared & { readonly program?: string | undefined }) =>
    [node, operator, more.program].join("&");
  return [...Map.groupBy(measured, key).values()].map((times) => {
    const { node, operator, shape } = times[0]!;
    const sorted = times.map(({ dur }) => dur).sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1]!;
    return { node, operator, shape, milliseconds: (median * times.length) / runs / 1000 };
  });
}
