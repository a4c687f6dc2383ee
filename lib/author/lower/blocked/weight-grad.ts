// The weight gradient of a convolution of blocked images as one pointwise blocked convolution whose channels are pixels.
import { constant, zeros } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { concat, gather, reshape, transpose } from "../../graph/ops.ts";
import type { Ops, Shape, Tensor } from "../../graph/tensor.ts";
import { pointwiseAttrs } from "./attributes.ts";
import type { Form, Forms } from "./forms.ts";
import { type Meeting, meetsInOrder, pixelTable } from "./pixel-table.ts";
import { fromBlocked, toBlocked } from "./reorder.ts";

/**
 * dW[o,i,tap] = sum over pixels p of g[o,p] · x[i, p shifted by tap]. One side is gathered once for each tap, in the order in which
 * a convolution reads its weight; the other is turned so that blocks of pixels are its channels. Where rows, or the same rows of all images
 * beside each other, are whole blocks, the other side is shifted up and down instead, a block at a time. Undefined where blocks do not fit.
 */
export function lowerWeightGrad(node: Tensor<"ConvWeightGrad">, forms: Forms): Form | undefined {
  const [x, g] = node.inputs as [Tensor, Tensor];
  const { block } = forms;
  const isWhole = (image: Tensor) => pixelsOf(image) % block === 0;
  if (node.attrs.group !== 1 || !forms.fits(x) || !forms.fits(g)) return undefined;
  // The narrower side is gathered; with a stride, g's pixels are fewer.
  const isStrided = node.attrs.strides.some((stride) => stride !== 1);
  const gathersG = !isStrided && g.shape[1]! <= x.shape[1]! && isWhole(x);
  if (!gathersG && !isWhole(g)) return undefined;
  const [moved, still] = gathersG ? [g, x] : [x, g];
  const meeting = (gathersG ? inputsMeeting : outputsMeeting)(x, g, node.attrs);
  const shares = meeting.size.join() === still.shape.slice(2).join();
  const [n, , , width] = still.shape;
  const splits = !isStrided && shares && meeting.kernel[0]! > 1 && (n! * width!) % block === 0;
  const rowsFirst = splits && width! % block !== 0;
  const across = splits ? { ...columnsOf(meeting), rowsFirst } : meeting;
  const along = splits ? blockRows(meeting, rowsFirst, block) : undefined;
  const blocks = shiftedBlocks(pixelBlocks(still, rowsFirst, forms), along, forms);
  const product = contracted(blocks, gathered(moved, across, forms), block);
  // [taps across, taps along] are [kw, kh], or all taps and one.
  const taps = [across.kernel[0]! * across.kernel[1]!, along?.kernel[0] ?? 1];
  return { plain: (gathersG ? outputsFirst : inputsFirst)(product, taps, node.shape, block) };
}

const pixelsOf = ({ shape: [n, , h, w] }: Tensor) => n! * h! * w!;

type Attrs = Ops["ConvWeightGrad"];

/** Where the window's taps lie in x, at each position of g. */
const outputsMeeting = (x: Tensor, g: Tensor, { kernel, strides, pads, dilations }: Attrs): Meeting => ({
  images: x.shape[0]!,
  kernel,
  size: x.shape.slice(2),
  extents: g.shape.slice(2),
  strides,
  steps: dilations,
  begins: pads.slice(0, 2),
});

/** Which position of g meets each pixel of x through a tap, for stride 1. */
const inputsMeeting = (x: Tensor, g: Tensor, { kernel, strides, pads, dilations }: Attrs): Meeting => ({
  images: x.shape[0]!,
  kernel,
  size: g.shape.slice(2),
  extents: x.shape.slice(2),
  strides,
  steps: dilations.map((dilation) => -dilation),
  begins: pads.slice(0, 2).map((pad) => 0 - pad),
});

/** The taps of one row of the window. */
const columnsOf = ({ kernel, begins, ...rest }: Meeting): Meeting => ({
  ...rest,
  kernel: [1, kernel[1]!],
  begins: [0, begins[1]!],
});

/** The rows of the window, as blocks of the side that stands still meet them; with `rowsFirst` all images are one wide image. */
function blockRows(
  { kernel, steps, begins, size, ...rest }: Meeting,
  rowsFirst: boolean,
  block: number,
): Meeting {
  const images = rowsFirst ? 1 : rest.images;
  const blocks = [size[0]!, (size[1]! * rest.images) / images / block];
  return {
    images,
    kernel: [kernel[0]!, 1],
    size: blocks,
    extents: blocks,
    strides: rest.strides,
    steps: steps.map((step) => -step),
    begins: [0 - begins[0]!, 0],
  };
}

/** Blocked [N,S,h,w] -> a packed weight [taps·S, N·positions, 1, 1]: for every block of S and every tap, rows of one block. */
function gathered(image: Tensor, meeting: Meeting, forms: Forms): Tensor {
  const { block } = forms;
  const [n, channels, h, w] = image.shape;
  const blocks = channels! / block;
  const swapped = transpose(reshape(forms.blocked(image), [n!, blocks, h! * w! * block]), [1, 0, 2]);
  const rows = reshape(swapped, [blocks, pixelsOf(image), block]);
  const { kernel, extents } = meeting;
  const [taps, positions] = [kernel[0]! * kernel[1]!, n! * extents[0]! * extents[1]!];
  const weight = [taps * channels!, positions, 1, 1];
  if (meetsInOrder(meeting)) return reshape(rows, weight);
  const table = forms.table(JSON.stringify(meeting), () => constant(pixelTable(meeting), [taps, positions]));
  // Outside there are zeros: one row of them, behind the pixels.
  return reshape(gather(concat([rows, zeros([blocks, 1, block])], 1), table, 1), weight);
}

/** Blocked [N,T,h,w] -> blocks of pixels [1, pixels, T, 1]. */
function pixelBlocks(image: Tensor, rowsFirst: boolean, forms: Forms): Tensor {
  const rows = forms.rows(image);
  const ordered = rowsFirst ? transpose(rows, [1, 0, 2, 3]) : rows;
  return toBlocked(reshape(ordered, [1, pixelsOf(image), image.shape[1]!, 1]), forms.block);
}

/** Blocks of pixels [1, pixels, T, 1] -> [1, pixels, taps·T, 1], shifted up and down for each tap. */
function shiftedBlocks(blocks: Tensor, along: Meeting | undefined, forms: Forms): Tensor {
  if (!along) return blocks;
  const { block } = forms;
  const [, pixels, channels] = blocks.shape;
  const [taps, count] = [along.kernel[0]!, pixels! / block];
  // Taps are the table's first axis, and the second of what the convolution reads.
  const table = forms.table(`blocks ${JSON.stringify(along)}`, () => {
    const byTap = pixelTable(along);
    const at = Int32Array.from(byTap, (_, i) => byTap[(i % taps) * count + Math.floor(i / taps)]!);
    return constant(at, [count, taps]);
  });
  const padded = concat([reshape(blocks, [count, channels! * block]), zeros([1, channels! * block])], 0);
  return reshape(gather(padded, table), [1, pixels!, taps * channels!, 1]);
}

/** The sums over pixels of blocks of them times a weight of [S/b, taps, pixels, b]: elements of [S/b, taps, T, b]. */
const contracted = (pixels: Tensor, weight: Tensor, block: number) =>
  apply("BlockedConv", [pixels, weight], pointwiseAttrs(block));

/** [O/b, taps across, taps along, I, b] -> [O,I,kh,kw]. */
function outputsFirst(
  product: Tensor,
  [across, along]: readonly number[],
  shape: Shape,
  block: number,
): Tensor {
  const [out, into] = shape;
  const blocks = reshape(product, [out! / block, across!, along!, into!, block]);
  const columns = transpose(blocks, [0, 3, 2, 1, 4]);
  return reshape(
    fromBlocked(reshape(columns, [out! / block, block, into! * along! * across!, 1]), block),
    shape,
  );
}

/** [I/b, taps across, taps along, O, b] -> [O,I,kh,kw]. */
function inputsFirst(
  product: Tensor,
  [across, along]: readonly number[],
  shape: Shape,
  block: number,
): Tensor {
  const [out, into] = shape;
  const rows = reshape(product, [into! / block, block, across! * along! * out!, 1]);
  const plain = reshape(fromBlocked(rows, block), [into!, across!, along!, out!]);
  return reshape(transpose(plain, [3, 0, 2, 1]), shape);
}
