// The exponential moving average of weights that sampling uses (NCSNv2's technique 5).

/**
 * The decay of update number `update`, counted from 0: min(decay, (1 + n) / (10 + n)), so that early averages forget the
 * untrained weights (Song et al. 2021, reference code).
 */
export const emaDecay = (update: number, decay: number): number =>
  Math.min(decay, (1 + update) / (10 + update));
