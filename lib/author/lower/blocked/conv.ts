// Convolutions and their transposes on blocked images.

import { apply } from "../../graph/infer.ts";
import { concat, reshape, slice, transpose } from "../../graph/ops.ts";
import type { ConvAttrs, Ops, Tensor } from "../../graph/tensor.ts";
import { bare, shifted } from "./affine.ts";
import { blockedAttrs } from "./attributes.ts";
import { enlargedAttrs, isEnlargedConv, widened } from "./enlarged.ts";
import type { Form, Forms } from "./forms.ts";
import { fromBlocked } from "./reorder.ts";
import { convInTiles, paysInTiles, transposedInTiles } from "./tiles.ts";
import { packed, packedTransposed, paddedOutputs, type Window, wholeWindow } from "./weights.ts";

/** A convolution with a packed weight. */
function blockedConv(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  block: number,
  attrs: ConvAttrs,
): Tensor {
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return apply("BlockedConv", inputs, blockedAttrs(attrs, block, bias !== undefined));
}

/** The image as a blocked convolution reads it: few channels plain, else whole blocks; undefined for any other number. */
function readable(forms: Forms, x: Tensor): (() => Tensor) | undefined {
  if (x.shape[1]! < forms.block) return () => forms.plain(x);
  return forms.fits(x) ? () => forms.blocked(x) : undefined;
}

const isImage = (x: Tensor) => x.shape.length === 4 && x.dtype === "float32";

/** Conv of an image, or of an enlarged one, which is a transposed convolution of the small one. */
export const lowerConv = (node: Tensor<"Conv">, forms: Forms): Form | undefined =>
  lowerEnlarged(node, forms) ?? lowerInTiles(node, forms) ?? lowerSame(node, forms);

function lowerEnlarged(node: Tensor<"Conv">, forms: Forms): Form | undefined {
  const [enlarged, weight, bias] = node.inputs as [Tensor, Tensor, Tensor?];
  if (!isEnlargedConv(enlarged, weight, node.attrs)) return undefined;
  const wide = widened(forms.plain(weight));
  const target = { shape: node.shape, attrs: enlargedAttrs };
  const base = transposed(enlarged.inputs[0]!, wide, target, forms, bias && forms.plain(bias));
  return base && bare(base);
}

/** Whether a convolution of blocked images to blocked ones is faster tile by tile. */
function suitsTiles(node: Tensor<"Conv" | "ConvTranspose">, forms: Forms): boolean {
  const [x, weight] = node.inputs as [Tensor, Tensor];
  return forms.fits(x) && forms.fits(node) && paysInTiles(weight.shape, node.attrs, node.shape);
}

/** Many channels tile by tile. */
function lowerInTiles(node: Tensor<"Conv">, forms: Forms): Form | undefined {
  const [x, weight, bias] = node.inputs as [Tensor, Tensor, Tensor?];
  const { attrs, shape } = node;
  if (!suitsTiles(node, forms)) return undefined;
  const y = bare(convInTiles(forms.blocked(x), forms.plain(weight), attrs, shape, forms.block));
  return bias ? shifted(y, reshape(forms.plain(bias), [1, -1, 1, 1])) : y;
}

/**
 * Conv with whole blocks of outputs; or with fewer outputs than a block of an image that is blocked already: they are filled up with zeros,
 * which costs less than the way back, and come out plain.
 */
function lowerSame(node: Tensor<"Conv">, forms: Forms): Form | undefined {
  const [x, weight, bias] = node.inputs as [Tensor, Tensor, Tensor?];
  const { block } = forms;
  const out = weight.shape[0]!;
  const source = isImage(x) ? readable(forms, x) : undefined;
  const isWhole = out % block === 0 || (out < block && forms.isBlocked(x));
  if (!source || !isWhole || node.attrs.group !== 1) return undefined;
  const full = Math.max(out, block);
  const kernel = packed(paddedOutputs(forms.plain(weight), full), wholeWindow(weight), block);
  const y = blockedConv(source(), kernel, bias && paddedOutputs(forms.plain(bias), full), block, node.attrs);
  return out < block ? { plain: fromBlocked(y, block, out) } : bare(y);
}

/** ConvTranspose tile by tile, or as one convolution of stride 1 for every phase of its stride, put together pixel by pixel. */
export function lowerTransposed(node: Tensor<"ConvTranspose">, forms: Forms): Form | undefined {
  const [x, weight] = node.inputs as [Tensor, Tensor];
  const { attrs, shape } = node;
  if (suitsTiles(node, forms))
    return bare(transposedInTiles(forms.blocked(x), forms.plain(weight), attrs, shape, forms.block));
  const base = transposed(x, forms.plain(weight), node, forms);
  return base && bare(base);
}

interface Target {
  readonly shape: readonly number[];
  readonly attrs: Ops["ConvTranspose"] | ConvAttrs;
}

/** The transposed convolution of x to the target's shape with a weight [I,O,kh,kw]; undefined where it does not fit. */
function transposed(
  x: Tensor,
  weight: Tensor,
  { shape, attrs }: Target,
  forms: Forms,
  bias?: Tensor,
): Tensor | undefined {
  const { block } = forms;
  const [into, out, ...kernel] = weight.shape;
  const source = isImage(x) ? readable(forms, x) : undefined;
  if (!source || attrs.group !== 1 || out! % block !== 0 || into !== x.shape[1]) return undefined;
  const axes = [0, 1].map((axis) =>
    phasesOf(axis, x.shape[axis + 2]!, shape[axis + 2]!, kernel[axis]!, attrs),
  );
  const [rows, columns] = axes;
  if (!rows || !columns) return undefined;
  const phases = rows.flatMap((row) =>
    columns.map((column) => {
      const window: Window = {
        taps: row.taps.flatMap((r) => column.taps.map((c) => r * kernel[1]! + c)),
        extents: [row.taps.length, column.taps.length],
      };
      return blockedConv(source(), packedTransposed(weight, window, block), bias, block, {
        strides: [1, 1],
        pads: [row.begin, column.begin, row.end, column.end],
        dilations: [row.dilation, column.dilation],
        group: 1,
      });
    }),
  );
  return interleaved(phases, [rows.length, columns.length], shape, block);
}

interface Phase {
  /** Taps of the plain window in the order of this phase's own. */
  readonly taps: readonly number[];
  readonly begin: number;
  readonly end: number;
  readonly dilation: number;
}

/**
 * Along one axis, the outputs at s·j + r for each r below the stride s: tap k meets x[j + (r + pad - k)/s], so that phase r has the
 * taps that leave no rest. Undefined where a phase has none, or would need negative pads.
 */
function phasesOf(
  axis: number,
  size: number,
  length: number,
  kernel: number,
  { strides, pads, dilations }: ConvAttrs,
): readonly Phase[] | undefined {
  const [stride, pad, dilation] = [strides[axis]!, pads[axis]!, dilations[axis]!];
  if (stride > 1 && dilation > 1) return undefined;
  const steps = Math.ceil(length / stride);
  const phases = Array.from({ length: stride }, (_, r): Phase => {
    const first = (r + pad) % stride;
    const count = stride === 1 ? kernel : Math.max(0, Math.ceil((kernel - first) / stride));
    const start = stride === 1 ? 0 : first;
    const taps = Array.from({ length: count }, (_, t) => start + stride * (count - 1 - t));
    const reach = dilation * (count - 1);
    const lead = stride === 1 ? pad : Math.floor((r + pad) / stride);
    return { taps, begin: reach - lead, end: steps - size + lead, dilation };
  });
  return phases.every(({ taps, begin, end }) => taps.length > 0 && begin >= 0 && end >= 0)
    ? phases
    : undefined;
}

/** Phases [N,C,h,w] each, row by row -> [N,C,H,W] with phase (r, q) at the pixels (s·j + r, t·i + q); what is too much is cut off. */
function interleaved(
  phases: readonly Tensor[],
  [rows, columns]: readonly number[],
  shape: readonly number[],
  block: number,
): Tensor {
  const [first] = phases;
  if (phases.length === 1) return first!;
  const [n, c, h, w] = first!.shape;
  const blocks = c! / block;
  const stacked = reshape(concat(phases, 1), [n!, rows!, columns!, blocks, h!, w!, block]);
  const [height, width] = [h! * rows!, w! * columns!];
  const image = reshape(transpose(stacked, [0, 3, 4, 1, 5, 2, 6]), [n!, blocks, height, width, block]);
  const cut = slice(image, { axis: 2, start: 0, end: shape[2]! }, { axis: 3, start: 0, end: shape[3]! });
  return reshape(cut, shape);
}
