// The energy of images: one number per sample that its own pixels alone decide, and sizes that cannot work are refused.
import { expect, test } from "bun:test";
import { sizeOf } from "../../lib/artifact/shape.ts";
import { gradient } from "../../lib/author/autodiff/gradient.ts";
import { input } from "../../lib/author/graph/constant.ts";
import { sum } from "../../lib/author/graph/ops.ts";
import { Parameters } from "../../lib/author/nn/parameters.ts";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { energyResnet, energyResnetConfig } from "../../models/energy-resnet.ts";
import { evaluate } from "../support/evaluate.ts";

const config = energyResnetConfig({ in_channels: 2, sample_size: [8, 12], block_out_channels: [3, 4, 4] });

function normals(shape: readonly number[], purpose: string) {
  const data = new Float32Array(sizeOf(shape));
  stream(4, purpose).fillNormal(data);
  return { data, shape };
}

test("every pixel counts, in its own sample alone", () => {
  const p = new Parameters();
  const x = input("x", [2, 2, 8, 12]);
  const energy = energyResnet(config)(p, { x, noise: input("noise", [2]) });
  expect(energy.shape).toEqual([2]);
  const weights = p.all().map(({ name, shape }) => [name, normals(shape, name)] as const);
  const feeds = { ...Object.fromEntries(weights), x: normals(x.shape, "x") };
  const [energies, slopes] = evaluate([energy, gradient(sum(energy), [x])[0]!], feeds);
  expect(slopes!.every((slope) => slope !== 0)).toBe(true);
  feeds.x.data.set(normals([192], "other").data);
  const [after] = evaluate([energy], feeds);
  expect(after![0]).not.toBe(energies![0]!);
  expect(after![1]).toBe(energies![1]!);
});

test.each([
  [{ sample_size: [28, 30] }, /sizes divisible by 4, got 28×30; use --image-size with a multiple of 4/],
  [{ block_out_channels: [8] }, /block_out_channels/],
  [{ norm: true }, /norm/],
])("%j is refused", (change, says) => {
  expect(() => energyResnetConfig({ ...config, ...change })).toThrow(UserError);
  expect(() => energyResnetConfig({ ...config, ...change })).toThrow(says);
});
