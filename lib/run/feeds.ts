// Feeds: the host's part of a graph's inputs, filled run after run into the same buffers by what the manifest calls them.
import type { Feed, GraphEntry, InputPort, Manifest } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import type { RandomStream } from "../random.ts";
import { openFamily } from "../theory/family.ts";
import { levelInputs } from "../theory/preconditioning.ts";
import { reverseInputs } from "../theory/reverse-step.ts";
import type { Runtime } from "./device.ts";
import type { Tensors } from "./session.ts";
import { residentFeeds } from "./state.ts";

/** What one run is made from; arrays may stop before the batch does, zeros follow. */
export interface RunValues {
  /** The data. */
  readonly x?: Float32Array;
  readonly labels?: ArrayLike<number> | undefined;
  /** The noise level of each sample of the batch. */
  readonly sigmas: ArrayLike<number>;
  /** The time of each sample in the chain of a diffusion. */
  readonly times?: ArrayLike<number> | undefined;
  /** What the loss of each sample counts for. */
  readonly importance?: ArrayLike<number> | undefined;
  /** Scalars by input name. */
  readonly schedule: Readonly<Record<string, number>>;
  /** The generator of sample number `i` of the batch for the input `port`; none leaves zeros. */
  random(port: string, i: number): RandomStream | undefined;
}

type Buffer = Float32Array | Int32Array;
type Writer = (out: Buffer, port: InputPort, values: RunValues, levels: readonly LevelInputs[]) => void;

const arrays = { float32: Float32Array, int32: Int32Array } as const;

function refuse(port: InputPort, problem: string): never {
  throw new UserError(`graph input "${port.name}" (${port.feed}): ${problem}`);
}

const named = (table: object) => Object.keys(table).join(", ") || "none";

function copy(out: Buffer, port: InputPort, values: ArrayLike<number> | undefined): void {
  if (!values) refuse(port, `this graph needs ${port.feed} values, none were given`);
  if (values.length > out.length)
    refuse(port, `expected at most ${out.length} numbers for [${port.shape}], got ${values.length}`);
  out.set(values);
  out.fill(0, values.length);
}

type Draw = (random: RandomStream, out: Float32Array) => void;

const perSample =
  (draw: Draw): Writer =>
  (out, port, { random }) => {
    if (!(out instanceof Float32Array)) return refuse(port, `expected float32, got ${port.dtype}`);
    const batch = port.shape[0] ?? 1;
    const size = out.length / batch;
    for (let i = 0; i < batch; i++) {
      const part = out.subarray(i * size, (i + 1) * size);
      const generator = random(port.name, i);
      if (generator) draw(generator, part);
      else part.fill(0);
    }
  };

function drawSigns(random: RandomStream, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = random.uint32() & 1 ? 1 : -1;
}

const resident: Writer = (_, port) => refuse(port, "is not fed from the host");

const writers: { readonly [K in Feed]: Writer } = {
  data: (out, port, { x }) => copy(out, port, x),
  label: (out, port, { labels }) => copy(out, port, labels),
  normal: perSample((random, out) => random.fillNormal(out)),
  uniform: perSample((random, out) => random.fillUniform(out)),
  rademacher: perSample(drawSigns),
  sigma: (out, port, _, levels) => {
    for (let i = 0; i < out.length; i++)
      out[i] = levels[i]![port.name] ?? refuse(port, `expected one of: ${named(levels[i]!)}`);
  },
  importance: (out, port, { importance }) => copy(out, port, importance),
  time: (out, port, { times }) => copy(out, port, times),
  schedule: (out, port, { schedule }) => {
    out.fill(schedule[port.name] ?? refuse(port, `expected one of: ${named(schedule)}`));
  },
  state: resident,
  sample: resident,
  gradient: resident,
  negative: resident,
};

type LevelInputs = Readonly<Record<string, number>>;

/** What a graph is told of a noise level, by the names of its inputs. */
function levelsOf({ noise }: Manifest): (sigma: number) => LevelInputs {
  const { schedule, preconditioning, weighting } = openFamily(noise);
  const { sigmaData } = noise;
  return (sigma) => ({
    ...levelInputs(preconditioning, sigma, sigmaData),
    ...reverseInputs(schedule, sigma),
    weight: weighting(sigma, sigmaData),
  });
}

export class Feeds {
  /** The graph's inputs that are not resident, over buffers that `fill` overwrites. */
  readonly tensors: Tensors;
  private readonly ports: readonly (readonly [InputPort, Buffer])[];
  private readonly level: (sigma: number) => LevelInputs;

  constructor(runtime: Runtime, manifest: Manifest, { inputs }: GraphEntry) {
    this.level = levelsOf(manifest);
    const fed = inputs.filter(({ feed }) => !residentFeeds.has(feed));
    const buffer = ({ shape, dtype }: InputPort) => new arrays[dtype](sizeOf(shape));
    this.ports = fed.map((port) => [port, buffer(port)]);
    this.tensors = Object.fromEntries(
      this.ports.map(([{ name, dtype, shape }, data]) => [name, new runtime.Tensor(dtype, data, shape)]),
    );
  }

  /** Writes every input. Throws UserError for an input that nothing in `values` feeds. */
  fill(values: RunValues): Tensors {
    const levels = this.levels(values.sigmas);
    for (const [port, out] of this.ports) writers[port.feed](out, port, values, levels);
    return this.tensors;
  }

  /** Samples of one level share its inputs. */
  private levels(sigmas: ArrayLike<number>): LevelInputs[] {
    const known = new Map<number, LevelInputs>();
    return Array.from(sigmas, (sigma) => {
      const level = known.get(sigma) ?? this.level(sigma);
      known.set(sigma, level);
      return level;
    });
  }
}
