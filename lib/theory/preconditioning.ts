// Preconditionings: how a raw network F becomes a denoiser, D(x; sigma) = c_skip x + c_out F(c_in x; c_noise), and a score.
import { scoreUnit } from "./score-unit.ts";

/** A coefficient as a function of the noise level and of the data's standard deviation. */
type Coefficient = (sigma: number, sigmaData: number) => number;

/** The four columns of (Karras et al. 2022, Table 1). */
export interface Preconditioning {
  readonly cSkip: Coefficient;
  readonly cOut: Coefficient;
  readonly cIn: Coefficient;
  readonly cNoise: Coefficient;
}

const unitVarianceInput: Coefficient = (sigma, sigmaData) => 1 / Math.hypot(sigma, sigmaData);

// Sinusoidal embeddings are made for times 0..1000. A ladder spans about 7 in ln sigma, so that a factor of 100 gives
// the same span, and neighbouring levels (7 % to 8 % apart) differ by some radians of the fastest wave.
const logSigmaAsTime: Coefficient = (sigma) => 100 * Math.log(sigma);

const quarterLogSigma: Coefficient = (sigma) => (sigma > 0 ? Math.log(sigma) / 4 : 0);

/**
 * ncsn-raw: score = F(x) / sigma, technique 3 (Song & Ermon 2020, section 3.3).
 * ncsn: the same, but the network sees x scaled to unit variance; the paper feeds x itself, whose size varies a
 *   thousandfold between levels. The score is still F / sigma, and training is much faster.
 * edm: unit variance of input and of training target at every level (Karras et al. 2022, Table 1).
 * ncsnpp: the network is told sigma itself, and divides by it what it answers: the score, as in NCSN++ (Song et al. 2021) and for
 *   networks of diffusers that have a Fourier embedding.
 * score: the network is the score itself, of data scaled to unit variance; the only one that is defined at sigma 0.
 */
export const preconditionings = {
  ncsn: { cSkip: () => 1, cOut: (sigma) => sigma, cIn: unitVarianceInput, cNoise: logSigmaAsTime },
  "ncsn-raw": { cSkip: () => 1, cOut: (sigma) => sigma, cIn: () => 1, cNoise: logSigmaAsTime },
  ncsnpp: { cSkip: () => 1, cOut: (sigma) => sigma ** 2, cIn: () => 1, cNoise: (sigma) => sigma },
  edm: {
    cSkip: (sigma, sigmaData) => sigmaData ** 2 / (sigma ** 2 + sigmaData ** 2),
    cOut: (sigma, sigmaData) => (sigma * sigmaData) / Math.hypot(sigma, sigmaData),
    cIn: unitVarianceInput,
    cNoise: quarterLogSigma,
  },
  score: {
    cSkip: () => 1,
    cOut: (sigma, sigmaData) => scoreUnit(sigma) / Math.hypot(sigma, sigmaData),
    cIn: unitVarianceInput,
    cNoise: quarterLogSigma,
  },
} satisfies Record<string, Preconditioning>;

/**
 * All that a graph is told of a noise level, by the names of its inputs: besides the four columns the coefficients of the
 * score = s_skip x + s_out F, which the difference D - x would lose to rounding where sigma is small.
 */
export function levelInputs({ cSkip, cOut, cIn, cNoise }: Preconditioning, sigma: number, sigmaData: number) {
  const [c_skip, c_out] = [cSkip(sigma, sigmaData), cOut(sigma, sigmaData)];
  const unit = scoreUnit(sigma);
  const score = { s_skip: (c_skip - 1) / unit, s_out: c_out / unit };
  return { sigma, c_skip, c_out, ...score, c_in: cIn(sigma, sigmaData), c_noise: cNoise(sigma, sigmaData) };
}
