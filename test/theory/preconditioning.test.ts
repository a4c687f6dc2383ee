// Preconditionings against what each is for: score = net / sigma, and unit variances.
import { expect, test } from "bun:test";
import { type Preconditioning, preconditionings } from "../../lib/theory/preconditioning.ts";

const sigmaData = 0.6;
const grid = [0.02, 0.3, 1, 7, 56];
const entries = Object.entries<Preconditioning>(preconditionings);

const denoised = ({ cSkip, cOut }: Preconditioning, x: number, sigma: number, net: number): number =>
  cSkip(sigma, sigmaData) * x + cOut(sigma, sigmaData) * net;

test.each(["ncsn", "ncsn-raw"] as const)("%s: the score is the network over sigma", (name) => {
  for (const sigma of grid) {
    const score = (denoised(preconditionings[name], 1.7, sigma, -0.4) - 1.7) / sigma ** 2;
    expect(score * sigma).toBeCloseTo(-0.4, 10);
  }
});

// Networks with a Fourier embedding divide by sigma themselves.
test("ncsnpp: the network is told sigma and answers the score", () => {
  for (const sigma of grid) {
    const score = (denoised(preconditionings.ncsnpp, 1.7, sigma, -0.4) - 1.7) / sigma ** 2;
    expect(score).toBeCloseTo(-0.4, 10);
    expect(preconditionings.ncsnpp.cNoise(sigma)).toBe(sigma);
  }
});

test.each(["ncsn", "edm"] as const)("%s: the input has unit variance", (name) => {
  for (const sigma of grid)
    expect(preconditionings[name].cIn(sigma, sigmaData) ** 2 * (sigma ** 2 + sigmaData ** 2)).toBeCloseTo(
      1,
      12,
    );
});

// Target (y - c_skip (y + sigma z)) / c_out for data y of variance sigmaData^2 and noise z.
test("edm: the training target has unit variance", () => {
  const { cSkip, cOut } = preconditionings.edm;
  for (const sigma of grid) {
    const skip = cSkip(sigma, sigmaData);
    const variance =
      ((1 - skip) ** 2 * sigmaData ** 2 + skip ** 2 * sigma ** 2) / cOut(sigma, sigmaData) ** 2;
    expect(variance).toBeCloseTo(1, 12);
  }
});

test("edm: with no help of the network it is the exact denoiser of Gaussian data", () => {
  expect(denoised(preconditionings.edm, 3, 0.8, 0)).toBeCloseTo((3 * 0.36) / (0.36 + 0.64), 12);
});

test.each(entries)(
  "%s: coefficients are finite and the label grows with sigma",
  (_, { cIn, cNoise, cOut, cSkip }) => {
    for (const coefficient of [cIn, cNoise, cOut, cSkip])
      for (const sigma of grid) expect(Number.isFinite(coefficient(sigma, sigmaData))).toBe(true);
    for (let i = 1; i < grid.length; i++)
      expect(cNoise(grid[i]!, sigmaData)).toBeGreaterThan(cNoise(grid[i - 1]!, sigmaData));
  },
);
