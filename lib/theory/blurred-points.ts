// The density of many points of the plane, blurred by noise, in a fraction of a mixture's time: distant detail is left out.
import type { GaussianMixture } from "./gaussian-mixture.ts";

/** Points in squares no wider than this share of sigma count as one at their mean, with the mean square's variance. */
const GROUP_WIDTH = 0.5;
/** What is below the largest term by exp(-12) is left out. */
const CUTOFF = 12;
/** The finest squares are this share of the points' extent; for less noise the points themselves are taken. */
const FINEST = 8;
/** Squares are looked through in blocks, at most so many along each axis. */
const BLOCKS = 32;

/** Points in squares of one width, those of a block one after another. */
interface Groups {
  /** [G] and [2*G]. */
  readonly weights: Float64Array;
  readonly means: Float64Array;
  /** Of points about the mean of their square, along one axis; the mean over all. */
  readonly variance: number;
  /** Half the width of a block; its centre, [2*B]; its groups go from starts[b] to starts[b + 1]. */
  readonly half: number;
  readonly centres: Float64Array;
  readonly starts: Uint32Array;
}

type Square = readonly number[];

/**
 * p(x) = sum_k w_k N(x; m_k, sigma² I) in the plane, as a GaussianMixture of points has it, to about a percent of the score. Both
 * methods throw Error unless sigma is above 0.
 */
export class BlurredPoints implements Pick<GaussianMixture, "dimensions" | "logpdf" | "score"> {
  readonly dimensions = 2;
  private readonly points: Pick<GaussianMixture, "weights" | "means">;
  private readonly corner: readonly [number, number];
  private readonly extent: number;
  private readonly known = new Map<number, Groups>();
  // Of the place asked last: the sum of all terms over the largest, that one's logarithm, and the pull towards the points.
  private sum = 0;
  private top = 0;
  private readonly pull = new Float64Array(2);

  constructor(points: Pick<GaussianMixture, "weights" | "means">) {
    this.points = points;
    const [x, y] = [0, 1].map((axis) => points.means.filter((_, i) => i % 2 === axis).sort());
    this.corner = [x![0]!, y![0]!];
    // A little more, so that the last point lies within the last square; and some width for a single point.
    this.extent = 1.0001 * Math.max(x!.at(-1)! - x![0]!, y!.at(-1)! - y![0]!, 1e-9);
  }

  logpdf(x: ArrayLike<number>, sigma: number): number {
    const variance = this.gather(x, sigma);
    return this.top + Math.log(this.sum / (2 * Math.PI * variance));
  }

  score(x: ArrayLike<number>, sigma: number): Float64Array {
    const variance = this.gather(x, sigma);
    return this.pull.map((pull) => pull / (this.sum * variance));
  }

  /** Sums up what the points contribute at x; answers the variance of the blur. */
  private gather(x: ArrayLike<number>, sigma: number): number {
    if (!(sigma > 0)) throw new Error(`blurred points: expected sigma > 0, got ${sigma}`);
    const groups = this.groupsFor(sigma);
    const { weights, means, starts } = groups;
    const [px, py] = [x[0]!, x[1]!];
    const variance = sigma * sigma + groups.variance;
    const nearest = nearestSquare(groups, px, py);
    const reach = nearest + 2 * CUTOFF * variance;
    let [sum, pullX, pullY] = [0, 0, 0];
    for (let block = 0; block + 1 < starts.length; block++) {
      if (squareTo(groups, block, px, py) > reach) continue;
      for (let g = starts[block]!; g < starts[block + 1]!; g++) {
        const dx = means[2 * g]! - px;
        const dy = means[2 * g + 1]! - py;
        const share = weights[g]! * Math.exp((nearest - dx * dx - dy * dy) / (2 * variance));
        sum += share;
        pullX += share * dx;
        pullY += share * dy;
      }
    }
    this.sum = sum;
    this.top = -nearest / (2 * variance);
    this.pull[0] = pullX;
    this.pull[1] = pullY;
    return variance;
  }

  private groupsFor(sigma: number): Groups {
    const halvings = Math.ceil(Math.log2(this.extent / (GROUP_WIDTH * sigma)));
    const level = Math.min(FINEST, Math.max(0, halvings));
    const known = this.known.get(level) ?? this.group(level);
    this.known.set(level, known);
    return known;
  }

  /** Points in squares of the extent over 2^level. */
  private group(level: number): Groups {
    const { means, weights } = this.points;
    const squares = 2 ** level;
    const blocks = Math.min(BLOCKS, squares);
    const place = (i: number, axis: 0 | 1, count: number) =>
      Math.floor(((means[2 * i + axis]! - this.corner[axis]) / this.extent) * count);
    const key = (i: number, count: number) => place(i, 1, count) * count + place(i, 0, count);
    const all = Array.from(weights.keys());
    const byBlock = [...Map.groupBy(all, (i) => key(i, blocks)).values()];
    // The finest squares are the points themselves.
    const squaresOf = (members: Square): Square[] =>
      level === FINEST ? members.map((i) => [i]) : [...Map.groupBy(members, (i) => key(i, squares)).values()];
    const contents = byBlock.map(squaresOf);
    const means2 = contents.flat().map((square) => meanOf(square, this.points));
    const width = this.extent / blocks;
    const centre = (i: number, axis: 0 | 1) => this.corner[axis] + (place(i, axis, blocks) + 0.5) * width;
    return {
      weights: Float64Array.from(means2, ({ weight }) => weight),
      means: Float64Array.from(means2.flatMap(({ mean }) => mean)),
      variance: means2.reduce((sum, { weight, variance }) => sum + weight * variance, 0),
      half: width / 2,
      centres: Float64Array.from(byBlock.flatMap(([first]) => [centre(first!, 0), centre(first!, 1)])),
      starts: Uint32Array.from(runningTotals(contents.map(({ length }) => length))),
    };
  }
}

/** The squared distance of the nearest group: in the block whose centre is nearest, or in one that reaches nearer. */
function nearestSquare(groups: Groups, x: number, y: number): number {
  const { centres, means, starts } = groups;
  const square = (group: number) => (means[2 * group]! - x) ** 2 + (means[2 * group + 1]! - y) ** 2;
  const inBlock = (block: number) => square(nearest(means, starts[block]!, starts[block + 1]!, x, y));
  let least = inBlock(nearest(centres, 0, centres.length / 2, x, y));
  for (let block = 0; block + 1 < starts.length; block++)
    if (squareTo(groups, block, x, y) < least) least = Math.min(least, inBlock(block));
  return least;
}

/** The squared distance of a block's nearest corner or side, 0 within it. */
function squareTo({ centres, half }: Groups, block: number, x: number, y: number): number {
  const aside = Math.max(0, Math.abs(x - centres[2 * block]!) - half);
  const above = Math.max(0, Math.abs(y - centres[2 * block + 1]!) - half);
  return aside * aside + above * above;
}

/** The place, of those from `from` to `to`, that is nearest. */
function nearest(places: Float64Array, from: number, to: number, x: number, y: number): number {
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  for (let i = from; i < to; i++) {
    const dx = places[2 * i]! - x;
    const dy = places[2 * i + 1]! - y;
    const distance = dx * dx + dy * dy;
    if (distance >= least) continue;
    least = distance;
    best = i;
  }
  return best;
}

function meanOf(square: Square, { weights, means }: Pick<GaussianMixture, "weights" | "means">) {
  const weight = square.reduce((sum, i) => sum + weights[i]!, 0);
  const average = (of: (i: number) => number) =>
    square.reduce((sum, i) => sum + weights[i]! * of(i), 0) / weight;
  const mean = [average((i) => means[2 * i]!), average((i) => means[2 * i + 1]!)] as const;
  const [x, y] = mean;
  const variance = average((i) => (means[2 * i]! - x) ** 2 + (means[2 * i + 1]! - y) ** 2) / 2;
  return { weight, mean, variance };
}

/** 0 and the sums of the first one, two and so on. */
function runningTotals(counts: readonly number[]): number[] {
  let total = 0;
  return [0, ...counts.map((count) => (total += count))];
}
