// Sine and cosine of arguments brought into ±π first, where WebGPU promises an accuracy.
import { apply } from "../graph/infer.ts";
import { add, floor, mul, sub } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

/** 2π as a float32 with a short significand and the rest, so that whole multiples of the first part are exact. */
const turn = 6.28125;
const turnRest = 2 * Math.PI - turn;

function reduced(x: Tensor): Tensor {
  const turns = floor(add(mul(x, 1 / (2 * Math.PI)), 0.5));
  return sub(sub(x, mul(turns, turn)), mul(turns, turnRest));
}

export const lowerSin = (x: Tensor): Tensor => apply("Sin", [reduced(x)], {});
export const lowerCos = (x: Tensor): Tensor => apply("Cos", [reduced(x)], {});
