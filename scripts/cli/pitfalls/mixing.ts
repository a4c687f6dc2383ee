// Slow mixing: Langevin dynamics does not learn how much of the data each mode has, annealing does (Song & Ermon 2019, section 3.2.2).
import { twoGaussians } from "../../../lib/data/densities/mixtures.ts";
import { figure } from "../../../lib/plots/figure.ts";
import { methodDots } from "../../../lib/plots/method-dots.ts";
import { particles } from "../../../lib/plots/particles.ts";
import { stream } from "../../../lib/random.ts";
import { modeWeights } from "../../../lib/theory/mode-weights.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { Step } from "../../../lib/theory/samplers/sampler.ts";
import { walkAll } from "../../../lib/theory/samplers/walk.ts";
import type { Pitfall } from "./pitfall.ts";

const count = 2000;
const modes = ["mode at (5, 5)", "mode at (−5, −5)"];
const region = { x: [-9, 9], y: [-9, 9] } as const;

/** The paper's settings (section 3.2.2), whose steps are twice these; its ladder ends at 1, which leaves the modes too wide. */
const sigmaMin = 0.1;
const langevin = { sigmas: [0], steps: 1000, stepSize: 0.05 };
const annealed = {
  sigmas: geometricSigmas(20, sigmaMin, 20),
  stepsPerLevel: 100,
  stepSize: 0.05 * sigmaMin ** 2,
};
const common = { sigmaData: 4.2, stepsPerLevel: 1, steps: 1, denoise: false };

/** With the true scores, so that no network is to blame. */
export const mixing: Pitfall = {
  summary: "Langevin dynamics cannot weigh distant modes, annealed Langevin dynamics can",
  async show({ seed }) {
    const mixture = twoGaussians();
    const uniform = stream(seed, "mixing");
    const starts = Float64Array.from({ length: 2 * count }, () => 16 * uniform.uniform() - 8);
    const run = (steps: Iterable<Step>) =>
      walkAll({ steps, score: (at, sigma) => mixture.score(at, sigma), x: starts, dimensions: 2, seed });
    const truth = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) truth.set(mixture.sample(stream(seed, "mixing truth", i)), 2 * i);
    const clouds = [
      { title: "true density", points: truth, sigma: 0 },
      { title: "Langevin", points: run(samplers.langevin.steps({ ...common, ...langevin })), sigma: 0 },
      {
        title: "annealed Langevin",
        points: run(samplers["annealed-langevin"].steps({ ...common, ...annealed })),
        sigma: sigmaMin,
      },
    ];
    const shares = clouds.map(({ title, points, sigma }) => ({
      method: title,
      weights: modeWeights(mixture, points, sigma),
    }));
    const values = shares.flatMap(({ method, weights }) =>
      modes.map((group, k) => ({ method, group, value: weights[k]! })),
    );
    const truths = modes.map((group, k) => ({ group, value: mixture.weights[k]! }));
    const dots = methodDots(values, { quantity: "share of the samples", truth: truths });
    return {
      figure: figure([[particles(clouds, { region })], [dots]], "Which mode do samples end in?"),
      numbers: Object.fromEntries(shares.map(({ method, weights }) => [method, [...weights]])),
    };
  },
};
