// Activation functions, stable at large arguments with finite gradients; kinks differentiate as in PyTorch.
import {
  add,
  erf,
  exp,
  lessOrEqual,
  mul,
  sigmoid,
  softplus,
  square,
  sub,
  tanh,
  where,
} from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

export type Activation = (x: Tensor) => Tensor;

// Selecting instead of taking a maximum lets NaN through and costs one pass in the gradient.
const relu: Activation = (x) => where(lessOrEqual(x, 0), 0, x);

export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => where(lessOrEqual(x, 0), mul(x, slope), x);

/** x for x > 0, e^x - 1 otherwise (Clevert et al. 2016). */
function elu(x: Tensor): Tensor {
  const isNegative = lessOrEqual(x, 0);
  const below = where(isNegative, x, 0); // keeps the unused branch from overflowing
  return where(isNegative, sub(exp(below), 1), x);
}

/** x · sigmoid(x), also called swish (Elfwing et al. 2018). */
export const silu: Activation = (x) => mul(x, sigmoid(x));

/** x · Φ(x) with the normal distribution function Φ (Hendrycks & Gimpel 2016). */
const gelu: Activation = (x) => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));

/** The tanh approximation of `gelu`. */
function geluTanh(x: Tensor): Tensor {
  const inner = mul(mul(x, Math.sqrt(2 / Math.PI)), add(mul(square(x), 0.044715), 1));
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

/** x · tanh(softplus(x)) (Misra 2019). */
const mish: Activation = (x) => mul(x, tanh(softplus(x)));

/** Every activation by the name that configurations use. */
export const activations = {
  relu,
  leakyRelu: (x) => leakyRelu(x),
  elu,
  silu,
  swish: silu,
  gelu,
  geluTanh,
  softplus,
  tanh,
  sigmoid,
  mish,
  identity: (x) => x,
} satisfies Record<string, Activation>;
