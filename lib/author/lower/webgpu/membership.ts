// The matrix by which group normalisation sums channels to groups, known by its elements.
import { isOp, type Tensor } from "../../graph/tensor.ts";

/** How many groups a constant [C,G] has whose element is 1 where a channel is of the group, groups being equal stretches; else undefined. */
export function groupsOf(matrix: Tensor): number | undefined {
  if (!isOp(matrix, "Constant") || matrix.shape.length !== 2) return undefined;
  const { data } = matrix.attrs;
  const [channels, groups] = matrix.shape as [number, number];
  if (!(data instanceof Float32Array) || channels % groups !== 0) return undefined;
  const groupOf = (channel: number) => Math.floor((channel * groups) / channels);
  return data.every((value, i) => value === Number(groupOf(Math.floor(i / groups)) === i % groups))
    ? groups
    : undefined;
}
