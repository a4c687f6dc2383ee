// The weight gradient of a convolution of blocked images as one blocked convolution whose channels are pixels.
import { apply } from "../../graph/infer.ts";
import { reshape, sum, transpose } from "../../graph/ops.ts";
import type { Ops, Shape, Tensor } from "../../graph/tensor.ts";
import { blockedAttrs, pointwiseAttrs } from "./attributes.ts";
import type { Form, Forms } from "./forms.ts";
import { columnsOf, meetingOf } from "./meetings.ts";
import { pickedRows } from "./picked-rows.ts";
import { type Meeting, meetsInOrder, pixelTable } from "./pixel-table.ts";
import { fromBlocked, toBlocked } from "./reorder.ts";
import { inStrips, type Pixels } from "./strips.ts";
import { paysInTiles, weightGradInTiles } from "./tiles.ts";

/** How a product goes through the pixels of both images. */
interface Walk {
  /** Whether the moved image's rows are a window that slides along those of the image that stands still; else there is one row of all pixels. */
  readonly slides: boolean;
  /** Whether rows are gone through from the last one to the first. */
  readonly upwards: boolean;
  /** Into how many parts the pixels are divided, of which each has a product of its own. */
  readonly groups: number;
}

/**
 * dW[o,i,tap] = sum over pixels p of g[o,p] · x[i, p shifted by tap]. The narrower image is moved: gathered once for each tap, in the order in which
 * a convolution reads its weight. In the other one, that stands still, blocks of pixels are turned into channels. Where the stride is one, only the
 * columns of the window are gathered: strips of columns are channels, and the moved strips slide down the still ones, which is a convolution with
 * a window as high as the image that gives all rows of the gradient. Undefined where blocks do not fit.
 */
export function lowerWeightGrad(node: Tensor<"ConvWeightGrad">, forms: Forms): Form | undefined {
  const [x, g] = node.inputs as [Tensor, Tensor];
  const { block } = forms;
  const { attrs } = node;
  const isWhole = (image: Tensor) => pixelsOf(image) % block === 0;
  if (attrs.group !== 1 || !forms.fits(x) || !forms.fits(g)) return undefined;
  if (paysInTiles(node.shape, attrs, g.shape))
    return { plain: weightGradInTiles(forms.blocked(x), forms.blocked(g), attrs, block) };
  const isStrided = attrs.strides.some((stride) => stride !== 1);
  // With a stride, g's pixels are fewer.
  const movesG = !isStrided && g.shape[1]! <= x.shape[1]! && isWhole(x);
  if (!movesG && !isWhole(g)) return undefined;
  const [moved, still] = movesG ? [g, x] : [x, g];
  const meeting = meetingOf(moved, still, attrs, movesG);
  const pads = slidingPads(attrs, movesG);
  const columns = still.shape[0]! * still.shape[3]!;
  const slides = !isStrided && attrs.kernel[0]! > 1 && columns % block === 0 && pads.every((pad) => pad >= 0);
  const across = slides ? columnsOf(meeting) : meeting;
  const taps = [across.kernel[0]! * across.kernel[1]!, slides ? attrs.kernel[0]! : 1];
  const groups = groupsFor(moved.shape[1]! * taps[0]!, slides ? columns : pixelsOf(still), block);
  const walk = { slides, upwards: slides && !movesG, groups };
  const product = apply(
    "BlockedConv",
    [pixelBlocks(still, walk, forms), gathered(moved, across, walk, forms)],
    slides
      ? blockedAttrs({ strides: [attrs.dilations[0]!, 1], pads, dilations: [1, 1], group: groups }, block)
      : pointwiseAttrs(block, groups),
  );
  const whole = groups === 1 ? product : sum(reshape(product, [groups, -1]), { axes: [0] });
  return { plain: (movesG ? outputsFirst : inputsFirst)(whole, taps, node.shape, block) };
}

const pixelsOf = ({ shape: [n, , h, w] }: Tensor) => n! * h! * w!;

/** Zeros around the still image: as g slides down x, the convolution's own; as x slides up g, what makes every tap meet every row. */
function slidingPads({ kernel, pads, dilations }: Ops["ConvWeightGrad"], movesG: boolean): number[] {
  const [top, , bottom] = pads as [number, number, number];
  const reach = (kernel[0]! - 1) * dilations[0]!;
  return movesG ? [top, 0, bottom, 0] : [reach - bottom, 0, reach - top, 0];
}

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

/** Blocked [N,S,h,w] -> a packed weight [groups·taps·S, pixels of a row/groups, rows, 1]: for every block of S and every tap, rows of one block. */
function gathered(image: Tensor, meeting: Meeting, { slides, upwards, groups }: Walk, forms: Forms): Tensor {
  const { block } = forms;
  const [n, channels, h, w] = image.shape as readonly [number, number, number, number];
  const blocks = channels / block;
  const { kernel, extents } = meeting;
  const taps = kernel[0]! * kernel[1]!;
  const pixels = pixelsIn(n, extents, slides);
  const each = (n * extents[0]! * extents[1]!) / groups;
  const weight = [groups * taps * channels, each / pixels.rows, pixels.rows, 1];
  if (!slides && meetsInOrder(meeting) && n % groups === 0) {
    const images = reshape(forms.blocked(image), [groups, n / groups, blocks, h * w * block]);
    return reshape(transpose(images, [0, 2, 1, 3]), weight);
  }
  const rows = reshape(forms.blocked(image), [n * blocks * h * w, block]);
  const at = inGroups(inStrips(pixelTable(meeting), pixels, block, upwards), taps, groups);
  const table = { shape: [groups, 1, taps, each], axis: 1, at };
  return reshape(pickedRows({ rows, images: n, blocks, positions: h * w }, table), weight);
}

/** The pixels of images as a product goes through them: their own rows, or one row of all pixels. */
const pixelsIn = (images: number, [h, w]: readonly number[], slides: boolean): Pixels =>
  slides ? { images, rows: h!, columns: w! } : { images, rows: 1, columns: h! * w! };

/** [taps, groups·each] -> [groups, taps, each]. */
function inGroups(table: Int32Array, taps: number, groups: number): Int32Array {
  const each = table.length / taps / groups;
  return table.map((_, i) => {
    const [group, tap] = [Math.floor(i / each / taps), Math.floor(i / each) % taps];
    return table[(tap * groups + group) * each + (i % each)]!;
  });
}

/** Blocked [N,T,h,w] -> blocks of pixels [1, pixels of a row, rows, T]. */
function pixelBlocks(image: Tensor, { slides, upwards }: Walk, forms: Forms): Tensor {
  const { block } = forms;
  const [n, channels, ...size] = image.shape as readonly [number, number, number, number];
  const blocks = channels / block;
  const { rows, columns } = pixelsIn(n, size, slides);
  // As many pixels beside each other as lie in one block of a row stay together.
  const together = greatestDivisor(columns, block);
  const units = { images: n, rows, columns: columns / together };
  const positions = rows * units.columns;
  const inOrder = Int32Array.from({ length: n * positions }, (_, i) => i);
  const at = inStrips(inOrder, units, block / together, upwards);
  const picked = pickedRows(
    {
      rows: reshape(forms.blocked(image), [n * blocks * positions, together * block]),
      images: n,
      blocks,
      positions,
    },
    { shape: [(n * columns) / block, rows, 1, block / together], axis: 2, at },
  );
  // Every block of pixels by channels is transposed by the vectorised reordering, to which pixels are channels.
  const turned = toBlocked(reshape(picked, [1, n * blocks * rows * columns, block, 1]), block);
  return reshape(turned, [1, n * columns, rows, channels]);
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

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
