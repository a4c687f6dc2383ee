// The bound of a diffusion over samples: whole sums, estimated sums, and a sample's independence of its company.
import { expect, test } from "bun:test";
import { stream } from "../../../lib/random.ts";
import { boundK } from "../../../lib/theory/diffusion-entropies.ts";
import { type DiffusionBound, diffusionBound } from "../../../lib/theory/diffusions/bound.ts";
import { binomialLaw } from "../../../lib/theory/diffusions/law.ts";
import { estimate } from "../../../lib/theory/estimate.ts";

const [T, dimensions] = [9, 3];
const law = binomialLaw(T);
const pattern = [1, -1, 1];

/** A model that flips bits as often as a third of t/T, whatever they are. */
const flipAt = (t: number) => t / (3 * T);

async function bound(count: number, times: number, rows: number): Promise<DiffusionBound> {
  const stages = diffusionBound({
    law,
    x: Float32Array.from({ length: count * dimensions }, (_, i) => pattern[i % dimensions]!),
    dimensions,
    reverse: async ({ x, times: at }) => [x.map((_, i) => flipAt(at[Math.floor(i / dimensions)]!))],
    times,
    rows,
    random: Array.from({ length: count }, (_, i) => stream(3, "bound", i)),
  });
  let last: DiffusionBound | undefined;
  for await (last of stages);
  return last!;
}

const sumsOf = ({ divergences }: DiffusionBound) =>
  divergences[0]!.bits.map((_, i) => divergences.reduce((sum, { bits }) => sum + bits[i]!, 0));

/** By enumeration: all values are alike but for their sign. */
function exactSum(): number {
  let sum = 0;
  for (let t = 2; t <= T; t++)
    for (const xt of [-1, 1]) {
      const share = (1 + (xt * (T - t)) / T) / 2;
      sum += dimensions * share * law.divergence({ t, x0: 1, xt }, [[flipAt(t)]], 0);
    }
  return sum;
}

for (const times of [T - 1, 3])
  test(`with ${times} of ${T - 1} times the divergences add up to their sum, within 4 standard errors`, async () => {
    const { mean, error } = estimate(sumsOf(await bound(4000, times, 512)));
    expect(error / exactSum()).toBeLessThan(0.03);
    expect(Math.abs(mean - exactSum())).toBeLessThan(4 * error);
  });

test("a sample's terms do not depend on how many are evaluated together, and the entropies are those of the law", async () => {
  const [alone, together] = [await bound(5, T - 1, 1), await bound(5, T - 1, 64)];
  expect(sumsOf(alone)).toEqual(sumsOf(together));
  expect(alone.divergences.map(({ from, to }) => [from, to])).toEqual(
    Array.from({ length: T - 1 }, (_, i) => [i + 2, i + 2]),
  );
  const ends = { end: alone.end[0]!, start: alone.start[0]!, prior: alone.prior[0]! };
  const one = boundK({ divergences: [], ...law.ends(1) });
  expect(boundK({ divergences: [], ...ends })).toBeCloseTo(dimensions * one, 12);
  expect(bound(2, T, 1)).rejects.toThrow("expected 2 to 9 times");
});
