// Drawing a density of one's own: a brush that leaves points, a rubber, and the way back.
import { signal } from "@preact/signals";
import { stream } from "../../../lib/random.ts";
import { plane } from "../state/plane.ts";
import { drawnRadius, quantised } from "../state/plane-points.ts";

type Point = readonly [x: number, y: number];

export const toolTitles = { brush: "Brush", rubber: "Rubber" };
export const tool = signal<keyof typeof toolTitles>("brush");

/** What is drawn while the pointer is down; it becomes the density when it is lifted. */
export const stroke = signal<Float32Array | undefined>(undefined);

/** What was drawn before, the latest last. */
export const before = signal<readonly Float32Array[]>([]);

const SPREAD = 0.07;
/** Points for each unit of a stroke's length, and of a dot. */
const PER_UNIT = 60;
const DOT = 12;
const RUBBER = 0.28;
/** What a link can carry; of longer drawings the oldest points go. */
const MOST = 1500;

const inked = (points: Float32Array, from: Point, to: Point, count: number): Float32Array => {
  const random = stream(points.length, "brush");
  const fresh = Array.from({ length: count }, (_, i) => {
    const share = (i + 1) / count;
    return from.map((x, axis) => x + share * (to[axis]! - x) + SPREAD * random.normal());
  });
  return Float32Array.from([...points, ...fresh.flat()]).slice(-2 * MOST);
};

const rubbed = (points: Float32Array, [x, y]: Point): Float32Array =>
  points.filter((_, i) => {
    const first = i - (i % 2);
    return Math.hypot(points[first]! - x, points[first + 1]! - y) > RUBBER;
  });

/** Draws or rubs from one place to another; the two are the same where the pointer goes down. */
export function drawTo(from: Point, to: Point): void {
  const points = stroke.peek() ?? plane.points.peek();
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const count = length === 0 ? DOT : Math.ceil(length * PER_UNIT);
  stroke.value = tool.peek() === "brush" ? inked(points, from, to, count) : rubbed(points, to);
}

/** What was drawn becomes the density. */
export function lift(): void {
  const points = stroke.peek();
  if (points === undefined) return;
  replace(quantised(points));
  stroke.value = undefined;
}

export const clear = (): void => replace(new Float32Array());

function replace(points: Float32Array): void {
  before.value = [...before.peek(), plane.points.peek()];
  plane.points.value = points;
}

export function undo(): void {
  const last = before.peek().at(-1);
  if (last === undefined) return;
  before.value = before.peek().slice(0, -1);
  plane.points.value = last;
}

// With keys

/** Where the keyboard's pen is, while it is used. */
export const pen = signal<Point | undefined>(undefined);

const STRIDE = 0.12;
const strides: Readonly<Record<string, Point>> = {
  ArrowLeft: [-STRIDE, 0],
  ArrowRight: [STRIDE, 0],
  ArrowUp: [0, STRIDE],
  ArrowDown: [0, -STRIDE],
};

const within = (x: number): number => Math.min(drawnRadius, Math.max(-drawnRadius, x));

/** Arrows move the pen, with shift they draw; space or enter make a dot. Answers whether the key was one of these. */
export function penKey(key: string, shift: boolean): boolean {
  const here = pen.peek() ?? [0, 0];
  const stride = strides[key];
  if (stride !== undefined) {
    const next: Point = [within(here[0] + stride[0]), within(here[1] + stride[1])];
    pen.value = next;
    if (shift) drawTo(here, next);
    return true;
  }
  if (key !== " " && key !== "Enter") return false;
  pen.value = here;
  drawTo(here, here);
  return true;
}
