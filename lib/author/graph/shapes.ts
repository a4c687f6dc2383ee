// Shape arithmetic shared by inference and gradients: broadcasting, windows, axes.
import type { ConvAttrs, DType, Shape, Tensor } from "./tensor.ts";

/** Throws the one kind of error that expressions make: who, what was expected, what came. */
export function mismatch(who: string, expected: string, got: string): never {
  throw new Error(`${who}: expected ${expected}, got ${got}`);
}

/** NumPy broadcasting of all shapes. */
export function broadcastShapes(who: string, ...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const size = sizes.find((n) => n !== 1) ?? 1;
    if (sizes.some((n) => n !== 1 && n !== size))
      mismatch(who, "shapes that broadcast", shapes.map((shape) => `[${shape}]`).join(" and "));
    return size;
  });
}

export function commonType(who: string, inputs: readonly Tensor[]): DType {
  const types = inputs.map((x) => x.dtype);
  if (types.some((type) => type !== types[0])) mismatch(who, "inputs of one type", types.join(" and "));
  return types[0]!;
}

export function expectType(who: string, x: Tensor, dtype: DType): DType {
  return x.dtype === dtype ? dtype : mismatch(who, dtype, x.dtype);
}

export function expectNumber(who: string, dtype: DType): DType {
  return dtype === "bool" ? mismatch(who, "numbers", dtype) : dtype;
}

/** Axes as 0..rank-1; negative ones count from the end. */
export function normalizeAxes(who: string, rank: number, axes: readonly number[]): number[] {
  const normal = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (normal.some((axis) => !(axis >= 0 && axis < rank)) || new Set(normal).size !== axes.length)
    mismatch(who, `distinct axes of a tensor of rank ${rank}`, `[${axes}]`);
  return normal;
}

/** One number for each of n axes; a single number stands for all. */
export function spread(who: string, value: number | readonly number[], n: number): readonly number[] {
  if (typeof value === "number") return Array<number>(n).fill(value);
  return value.length === n ? value : mismatch(who, `one number or ${n}`, `[${value}]`);
}

/** Spatial extents of a convolution's result for extents `size` and a window of `kernel`. */
export function convExtents(size: readonly number[], kernel: readonly number[], attrs: ConvAttrs): number[] {
  const { strides, pads, dilations } = attrs;
  return size.map((n, i) => {
    const padded = n + pads[i]! + pads[i + size.length]!;
    return Math.floor((padded - dilations[i]! * (kernel[i]! - 1) - 1) / strides[i]!) + 1;
  });
}

/** Spatial extents of the transposed convolution: the smallest input that gives `size`, plus `outputPadding`. */
export function convTransposeExtents(
  size: readonly number[],
  kernel: readonly number[],
  attrs: ConvAttrs & { readonly outputPadding: readonly number[] },
): number[] {
  const { strides, pads, dilations, outputPadding } = attrs;
  return size.map(
    (n, i) =>
      strides[i]! * (n - 1) +
      dilations[i]! * (kernel[i]! - 1) +
      1 +
      outputPadding[i]! -
      pads[i]! -
      pads[i + size.length]!,
  );
}

/** Number of elements that start:end:step takes from an axis, with start and end already within it. */
export function sliceLength(start: number, end: number, step: number): number {
  return Math.max(0, Math.ceil((end - start) / step));
}
