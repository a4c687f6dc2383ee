// Time embeddings against diffusers' formula written out in plain numbers.
import { expect, test } from "bun:test";
import { input } from "../../../lib/author/graph/constant.ts";
import { Parameters } from "../../../lib/author/nn/parameters.ts";
import { fourierEmbedding, positionalEmbedding } from "../../../lib/author/nn/time-embedding.ts";
import { evaluate } from "../../support/evaluate.ts";

const t = input("t", [2]);
const times = [0.5, 700];
const feeds = { t: { data: times, shape: [2] } };

function expectClose(got: Float64Array, wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  // float32 frequencies, times 700
  for (const [i, value] of wanted.entries()) expect(got[i]).toBeCloseTo(value, 4);
}

// get_timestep_embedding: exp(-ln(10000) i / (half - downscale_freq_shift)), zero-padded to an odd dim.
test.each([
  [6, true, 0],
  [6, false, 1],
  [7, true, 0],
])(
  "positional embedding of width %d, cosines first: %p, frequency shift %d",
  (dim, flipSinToCos, freqShift) => {
    const embedding = positionalEmbedding(t, dim, { flipSinToCos, freqShift });
    expect(embedding.shape).toEqual([2, dim]);
    const wanted = times.flatMap((time) => {
      const angles = [0, 1, 2].map((i) => time * 10000 ** (-i / (3 - freqShift)));
      const [sines, cosines] = [angles.map(Math.sin), angles.map(Math.cos)];
      const waves = flipSinToCos ? [...cosines, ...sines] : [...sines, ...cosines];
      return dim === 7 ? [...waves, 0] : waves;
    });
    expectClose(evaluate([embedding], feeds)[0]!, wanted);
  },
);

test("Fourier embedding: sines, then cosines, of 2π ln(sigma) times frequencies that are not trained", () => {
  const p = new Parameters("time_proj");
  const embedding = fourierEmbedding(p, t, 2);
  const [spec] = p.all();
  expect(spec).toMatchObject({ name: "time_proj.weight", shape: [2], trained: false });
  expect(spec!.init).toEqual({ kind: "normal", std: 16 });
  const frequencies = [0.25, -1.5];
  const wanted = times.flatMap((sigma) => {
    const angles = frequencies.map((frequency) => 2 * Math.PI * Math.log(sigma) * frequency);
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });
  const weight = { data: frequencies, shape: [2] };
  expectClose(evaluate([embedding], { ...feeds, "time_proj.weight": weight })[0]!, wanted);
});
