// The weight gradient of a convolution of blocked images as one pointwise blocked convolution whose channels are pixels.
import { apply } from "../../graph/infer.ts";
import { reshape, sum, transpose } from "../../graph/ops.ts";
import type { Shape, Tensor } from "../../graph/tensor.ts";
import { pointwiseAttrs } from "./attributes.ts";
import type { Form, Forms } from "./forms.ts";
import { blockRows, columnsOf, inputsMeeting, outputsMeeting } from "./meetings.ts";
import { pickedRows } from "./picked-rows.ts";
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
  const groups = groupsFor(moved.shape[1]! * across.kernel[0]! * across.kernel[1]!, pixelsOf(still), block);
  const blocks = pixelBlocks(still, rowsFirst, along, forms);
  const product = contracted(blocks, gathered(moved, across, groups, forms), groups, block);
  // [taps across, taps along] are [kw, kh], or all taps and one.
  const taps = [across.kernel[0]! * across.kernel[1]!, along?.kernel[0] ?? 1];
  return { plain: (gathersG ? outputsFirst : inputsFirst)(product, taps, node.shape, block) };
}

const pixelsOf = ({ shape: [n, , h, w] }: Tensor) => n! * h! * w!;

/** Blocks of output channels in one set. */
const setBlocks = 4;

/**
 * Into how many groups of pixels a product is divided. The runtime hands its threads whole sets of output channels, which is even work where
 * their number is and none is partly filled.
 */
function groupsFor(channels: number, pixels: number, block: number): number {
  const set = setBlocks * block;
  const isEven = channels % (2 * set) === 0;
  return isEven || pixels % (2 * block) !== 0 ? 1 : 2;
}

/** Blocked [N,S,h,w] -> a packed weight [groups·taps·S, N·positions/groups, 1, 1]: for every block of S and every tap, rows of one block. */
function gathered(image: Tensor, meeting: Meeting, groups: number, forms: Forms): Tensor {
  const { block } = forms;
  const [n, channels, h, w] = image.shape as readonly [number, number, number, number];
  const blocks = channels / block;
  const { kernel, extents } = meeting;
  const taps = kernel[0]! * kernel[1]!;
  const each = (n * extents[0]! * extents[1]!) / groups;
  const weight = [groups * taps * channels, each, 1, 1];
  if (meetsInOrder(meeting) && n % groups === 0) {
    const images = reshape(forms.blocked(image), [groups, n / groups, blocks, h * w * block]);
    return reshape(transpose(images, [0, 2, 1, 3]), weight);
  }
  const rows = reshape(forms.blocked(image), [n * blocks * h * w, block]);
  const table = { shape: [groups, 1, taps, each], axis: 1, at: inGroups(pixelTable(meeting), taps, groups) };
  return reshape(pickedRows({ rows, images: n, blocks, positions: h * w }, table), weight);
}

/** [taps, groups·each] -> [groups, taps, each]. */
function inGroups(table: Int32Array, taps: number, groups: number): Int32Array {
  const each = table.length / taps / groups;
  return table.map((_, i) => {
    const [group, tap] = [Math.floor(i / each / taps), Math.floor(i / each) % taps];
    return table[(tap * groups + group) * each + (i % each)]!;
  });
}

/** Blocked [N,T,h,w] -> blocks of pixels [1, pixels, taps·T, 1], shifted up and down for each tap; with `rowsFirst` all images are one wide one. */
function pixelBlocks(image: Tensor, rowsFirst: boolean, along: Meeting | undefined, forms: Forms): Tensor {
  const { block } = forms;
  const [n, channels, h, w] = image.shape as readonly [number, number, number, number];
  const blocks = channels / block;
  const pixels = n * h * w;
  const whole = !rowsFirst && (h * w) % block === 0;
  const [images, positions] = whole ? [n, (h * w) / block] : [1, pixels / block];
  // Every block of pixels by channels is transposed by the vectorised reordering, to which pixels are channels.
  const ordered = reshape(whole ? forms.blocked(image) : beside(image, rowsFirst, forms), [
    images * blocks,
    positions * block,
    block,
    1,
  ]);
  const rows = reshape(toBlocked(ordered, block), [images * blocks * positions, block * block]);
  const taps = along?.kernel[0] ?? 1;
  const shape = [1, pixels, taps * channels, 1];
  if (!along && blocks === 1) return reshape(rows, shape);
  const table = {
    shape: [pixels / block, taps, 1],
    axis: 2,
    at: along ? tapsLast(pixelTable(along), taps) : Int32Array.from({ length: pixels / block }, (_, i) => i),
  };
  return reshape(pickedRows({ rows, images, blocks, positions }, table), shape);
}

/** Blocked [N,C,h,w] -> the blocks of channels one after the other, each with all images: beside each other, or one after the other too. */
function beside(image: Tensor, rowsFirst: boolean, forms: Forms): Tensor {
  const [n, channels, h, w] = image.shape as readonly [number, number, number, number];
  const [rows, width] = rowsFirst ? [h, w] : [1, h * w];
  const blocks = reshape(forms.blocked(image), [n, channels / forms.block, rows, width * forms.block]);
  return transpose(blocks, [1, 2, 0, 3]);
}

/** [taps, positions] -> [positions, taps]. */
const tapsLast = (table: Int32Array, taps: number): Int32Array =>
  table.map((_, i) => table[(i % taps) * (table.length / taps) + Math.floor(i / taps)]!);

/** The sums over pixels of blocks of them times a weight of [groups, S/b, taps, pixels/groups, b]: elements of [S/b, taps, T, b]. */
function contracted(pixels: Tensor, weight: Tensor, groups: number, block: number): Tensor {
  const product = apply("BlockedConv", [pixels, weight], pointwiseAttrs(block, groups));
  return groups === 1 ? product : sum(reshape(product, [groups, -1]), { axes: [0] });
}

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
