// Energy-based models: a scalar network whose negative gradient is the score.
import { gradient } from "./autodiff/gradient.ts";
import type { Level, Network, NetworkInputs } from "./denoiser.ts";
import { div, mul, neg, perSample, square, sub, sum } from "./graph/ops.ts";
import type { Tensor } from "./graph/tensor.ts";
import type { Parameters } from "./nn/parameters.ts";

/** A raw energy: samples and their noise levels -> one number each, [B]; an unnormalised density is exp(-energy). */
export type EnergyNetwork = (p: Parameters, inputs: NetworkInputs) => Tensor;

/** The network F(x) = -∇E(x), to be preconditioned like any other (LeCun et al. 2006; Hyvärinen 2005, Eq. 3). */
export const gradientField =
  (energy: EnergyNetwork): Network =>
  (p, inputs) =>
    neg(gradient(sum(energy(p, inputs)), [inputs.x])[0]!);

/**
 * The energy of the preconditioned model, [B]: its negative gradient in x is s_skip·x + s_out·F(c_in·x), so that it is
 * -s_skip/2·‖x‖² + s_out/c_in·E(c_in·x).
 */
export function preconditionedEnergy(energy: EnergyNetwork, p: Parameters, at: Level, label?: Tensor) {
  return (x: Tensor): Tensor => {
    const raw = energy(p, { x: mul(perSample(at.c_in, x), x), noise: at.c_noise, label });
    const norms = sum(square(x), { axes: [...x.shape.keys()].slice(1) });
    return sub(mul(div(at.s_out, at.c_in), raw), mul(mul(at.s_skip, norms), 0.5));
  };
}
