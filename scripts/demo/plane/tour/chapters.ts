// The six chapters of the tour: what each sets, its formulas, and its three sentences.
import { tex } from "../../ui/tex.ts" with { type: "macro" };

export interface Chapter {
  readonly title: string;
  /** The state of the page, as in a link; the rest is as at first. */
  readonly link: string;
  readonly sentences: readonly [string, string, string];
  /** As MathML. */
  readonly formulas: readonly string[];
}

export const chapters: readonly Chapter[] = [
  {
    title: "What a score is",
    link: "density=mixture&source=true&method=langevin&steps=300&arrows=0&trueArrows=1&heat=density",
    formulas: [tex("s(x) = \\nabla_{\\!x} \\log p(x)")],
    sentences: [
      "The score of a density says in which direction its logarithm rises fastest, and how fast: these are the arrows.",
      "It does not know how likely a place is, only where more likely ones are; so the constant that makes a density sum to one, which can seldom be computed, falls away.",
      "Langevin dynamics needs nothing else: particles that follow the arrows with small steps and are shaken by noise of the right size end up spread like the density.",
    ],
  },
  {
    title: "Why low density fails",
    link: "density=two-gaussians&method=langevin&steps=300&heat=error",
    formulas: [
      tex(
        "\\tfrac12\\, \\mathbb{E}_{x \\sim p}\\, \\lVert s_\\theta(x) - \\nabla_{\\!x} \\log p(x) \\rVert^2",
      ),
    ],
    sentences: [
      "A network learns the score where there are data; where there are none, no error counts, and it says anything: the heat map shows how wrong it is.",
      "Particles begin in such places and are led astray.",
      "And even with the true score they hardly ever cross the gap: one mode holds four fifths of the data, the other one fifth, but where particles start decides where they stay.",
    ],
  },
  {
    title: "Noise to the rescue",
    link: "density=two-gaussians&sigma=6&heat=density&trueArrows=1&particles=0",
    formulas: [
      tex("p_\\sigma = p * \\mathcal{N}(0, \\sigma^2 I)"),
      tex("\\mathbb{E}\\, \\lVert \\sigma\\, s_\\theta(x + \\sigma z, \\sigma) + z \\rVert^2"),
    ],
    sentences: [
      "Add noise to the data, and they fill the gaps: move the noise slider and see the two modes become one.",
      "A network that sees data with noise and has to tell the noise learns the score of the noisy density; this is denoising score matching.",
      "Much noise makes the field right everywhere but blurs the data, little noise leaves them sharp; so one network learns all levels at once.",
    ],
  },
  {
    title: "Annealing",
    link: "density=two-gaussians&steps=300&compare=1&arrows=0",
    formulas: [
      tex("x \\leftarrow x + \\alpha_i\\, s_\\theta(x, \\sigma_i) + \\sqrt{2 \\alpha_i}\\, z"),
      tex("\\alpha_i \\propto \\sigma_i^2"),
    ],
    sentences: [
      "Annealed Langevin dynamics begins with the largest noise, where one broad hill leads everyone to the data, and lowers it level by level.",
      "Each level hands the next one particles that are already nearly in place, and in nearly the right numbers for both modes.",
      "On the right, Langevin dynamics without annealing starts beside the data and keeps the wrong proportions; the distances say by how much.",
    ],
  },
  {
    title: "From Langevin to DDPM",
    link: "density=swiss-roll&family=vp&method=ancestral&compare=1&rival=ddim&trails=1&arrows=0",
    formulas: [
      tex("x_t = \\sqrt{\\bar\\alpha_t}\\, x_0 + \\sqrt{1 - \\bar\\alpha_t}\\, \\varepsilon"),
      tex("s(x_t, t) = - \\frac{\\varepsilon_\\theta(x_t, t)}{\\sqrt{1 - \\bar\\alpha_t}}"),
    ],
    sentences: [
      "DDPM shrinks the data while it adds noise, and its network predicts that noise; divided by its size and with the sign turned, the prediction is the score.",
      "So it is the same model with another schedule, and it goes from each level to the next with a single step instead of many.",
      "DDIM, on the right, leaves the noise out of that step: particles then follow the probability flow, and the same start always leads to the same end.",
    ],
  },
  {
    title: "Guidance",
    link: "density=rings&source=true&method=heun&steps=60&guidance=right&weight=2&trails=1&arrows=0",
    formulas: [tex("\\nabla_{\\!x} \\log p_\\sigma(x) + w\\, \\nabla_{\\!x} \\log p_\\sigma(y \\mid x)")],
    sentences: [
      "To get samples of one kind only, here those of the right half, add the score of a classifier that judges noisy points: by Bayes' rule, with weight one the sum is the score of that kind alone.",
      "No network has to be trained again.",
      "A larger weight pulls harder than Bayes' rule asks: samples become more typical of their kind and less different from each other, and no longer follow its density.",
    ],
  },
];
