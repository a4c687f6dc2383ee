// Random feeds for the inputs of expressions, and comparison of two results.
import { expect } from "bun:test";
import { sizeOf } from "../../lib/artifact/shape.ts";
import { isOp, type Shape, type Tensor } from "../../lib/author/graph/tensor.ts";
import { topological } from "../../lib/author/graph/traverse.ts";
import { stream } from "../../lib/random.ts";
import { evaluate, type Feeds, type Value } from "./evaluate.ts";
import { runOnnx } from "./run-onnx.ts";

/** Normal numbers (whole ones when `below` is given), exactly representable in float32. */
export function randomValue(shape: Shape, seed: number, below?: number): Value {
  const random = stream(seed, "test values");
  const next = () => (below === undefined ? Math.fround(random.normal()) : random.integer(below));
  return { data: Float64Array.from({ length: sizeOf(shape) }, next), shape };
}

/** A feed for every float input that the outputs need. */
export function randomFeeds(outputs: readonly Tensor[], seed = 1): Record<string, Value> {
  const inputs = topological(outputs).filter((node) => isOp(node, "Input"));
  return Object.fromEntries(
    inputs.map(({ attrs: { name, shape } }, i) => [name, randomValue(shape, seed * 1000 + i)]),
  );
}

/** The largest difference relative to the largest expected magnitude, or to 1 when all are smaller. */
export function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  const largest = (numbers: readonly number[], least: number) =>
    numbers.reduce((max, number) => Math.max(max, Math.abs(number)), least);
  const differences = Array.from(wanted, (want, i) => got[i]! - want);
  return got.length === wanted.length ? largest(differences, 0) / largest(Array.from(wanted), 1) : Number.NaN;
}

/** Requires that ONNX Runtime and the float64 evaluator agree on every output to the accuracy of float32. */
export async function expectAgreement(
  outputs: readonly Tensor[],
  feeds: Feeds = randomFeeds(outputs),
  tolerance = 2e-6,
): Promise<void> {
  const wanted = evaluate(outputs, feeds);
  const got = await runOnnx(outputs, feeds);
  for (const [i, output] of outputs.entries()) {
    const error = relativeError(got[i]!, wanted[i]!);
    if (!(error <= tolerance))
      expect.unreachable(`output ${i} (${output.op} [${output.shape}]) is off by ${error}`);
  }
}
