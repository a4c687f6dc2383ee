// Fills polygons: how much of each pixel a figure covers, to the bit the same in every JavaScript engine.

/** A closed polygon in pixels of its picture: x0, y0, x1, y1, … */
export type Polygon = readonly number[];

// Corners lie on a grid of 1/64 pixel, which hides the last bits of sines and cosines, in which engines differ;
// from there on all is +, *, / and comparisons of float64.
const GRID = 64;
const LINES_PER_ROW = 16;

/** An edge from its upper end down; y counts scan lines. The polygon runs along it downwards (turn 1) or upwards (-1). */
interface Edge {
  readonly x: number;
  readonly slope: number;
  readonly top: number;
  readonly bottom: number;
  readonly turn: 1 | -1;
}

/** Where edges pass the scan lines: line k has the crossings from ends[k-1] to ends[k], in order of x. */
interface Crossings {
  readonly x: Float64Array;
  readonly turn: Int8Array;
  readonly ends: Int32Array;
}

/**
 * The coverage 0..255 of each figure as [N,height,width]. A figure is the union of its polygons (non-zero winding: one that lies in
 * another and is wound the other way cuts a hole), clipped to its picture. Exact across, by 16 lines a pixel down.
 */
export function renderFigures(
  figures: readonly (readonly Polygon[])[],
  height: number,
  width: number,
): Uint8Array {
  const out = new Uint8Array(figures.length * height * width);
  figures.forEach((figure, i) => {
    const crossings = crossLines(figure.flatMap(edges), height * LINES_PER_ROW);
    for (let y = 0; y < height; y++) {
      const row = coverRow(crossings, y * LINES_PER_ROW, width);
      const start = (i * height + y) * width;
      for (let x = 0; x < width; x++) out[start + x] = Math.round((row[x]! * 255) / LINES_PER_ROW);
    }
  });
  return out;
}

function edges(polygon: Polygon): Edge[] {
  const corners = polygon.map((value) => Math.round(value * GRID) / GRID);
  return Array.from({ length: corners.length / 2 }, (_, i) => {
    const from = corner(corners, (i === 0 ? corners.length : 2 * i) - 2);
    const to = corner(corners, 2 * i);
    return from.y < to.y ? edge(from, to, 1) : edge(to, from, -1);
  });
}

// Scan line k lies at (k + 1/2) / 16 pixels.
const corner = (corners: Polygon, at: number) => ({
  x: corners[at]!,
  y: corners[at + 1]! * LINES_PER_ROW - 0.5,
});

function edge(upper: ReturnType<typeof corner>, lower: ReturnType<typeof corner>, turn: 1 | -1): Edge {
  const slope = (lower.x - upper.x) / (lower.y - upper.y);
  return { x: upper.x, slope, top: upper.y, bottom: lower.y, turn };
}

function crossLines(figure: readonly Edge[], lines: number): Crossings {
  const ends = new Int32Array(lines + 1);
  for (const each of figure) eachLine(each, lines, (k) => ends[k + 1]!++);
  for (let k = 0; k < lines; k++) ends[k + 1]! += ends[k]!;
  const crossings = { x: new Float64Array(ends[lines]!), turn: new Int8Array(ends[lines]!), ends };
  const starts = ends.slice();
  for (const each of figure)
    eachLine(each, lines, (k) => {
      insert(crossings, starts[k]!, ends[k]!++, each.x + (k - each.top) * each.slope, each.turn);
    });
  return crossings;
}

// An upper end belongs to its edge, a lower end does not: so a corner on a line counts once.
function eachLine({ top, bottom }: Edge, lines: number, visit: (line: number) => void): void {
  const end = Math.min(lines, Math.ceil(bottom));
  for (let k = Math.max(0, Math.ceil(top)); k < end; k++) visit(k);
}

function insert(into: Crossings, start: number, end: number, x: number, turn: number): void {
  let at = end;
  for (; at > start && into.x[at - 1]! > x; at--) {
    into.x[at] = into.x[at - 1]!;
    into.turn[at] = into.turn[at - 1]!;
  }
  into.x[at] = x;
  into.turn[at] = turn;
}

/** The lengths covered in each pixel of a row, summed over its lines; one entry more, for ink that ends at the border. */
function coverRow({ x, turn, ends }: Crossings, firstLine: number, width: number): Float64Array {
  const row = new Float64Array(width + 1);
  const clip = (value: number): number => Math.min(width, Math.max(0, value));
  let winding = 0;
  let from = 0;
  const last = ends[firstLine + LINES_PER_ROW - 1]!;
  for (let i = firstLine === 0 ? 0 : ends[firstLine - 1]!; i < last; i++) {
    if (winding === 0) from = clip(x[i]!);
    winding += turn[i]!;
    if (winding === 0) cover(row, from, clip(x[i]!));
  }
  return row;
}

function cover(row: Float64Array, from: number, to: number): void {
  const first = Math.floor(from);
  const last = Math.floor(to);
  row[first]! -= from - first;
  for (let x = first; x < last; x++) row[x]! += 1;
  row[last]! += to - last;
}
