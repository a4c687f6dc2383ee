// How the time of a training step grows with the batch, the pixels and the network's width.
import { errorCurves } from "../../lib/plots/error-curves.ts";
import { figure } from "../../lib/plots/figure.ts";
import { writeFigure } from "../../lib/plots/write-figure.ts";
import type { Host } from "../../lib/run/session.ts";
import { table } from "../cli/report.ts";
import { authorCase, type Case, middling } from "./cases.ts";
import { openers } from "./contestant.ts";
import { interleaved, medians } from "./measure.ts";
import { problemOf } from "./problem.ts";

interface Axis {
  readonly values: readonly number[];
  /** What grows: images, pixels of one, channels. */
  size(value: number): number;
  change(value: number): Partial<Case>;
}

const base: Case = { summary: "", model: middling(32), shape: [3, 32, 32], batch: 16, works: [] };
const itself = (value: number) => value;

const axes = {
  batch: { values: [4, 8, 16, 32, 64], size: itself, change: (batch) => ({ batch }) },
  pixels: {
    values: [8, 16, 32, 64],
    size: (side) => side ** 2,
    change: (side) => ({ shape: [3, side, side] }),
  },
  width: { values: [16, 32, 64], size: itself, change: (width) => ({ model: middling(width) }) },
} satisfies Record<string, Axis>;

export interface Growth {
  readonly axis: string;
  readonly points: readonly { readonly size: number; readonly milliseconds: number }[];
  /** p of the fit milliseconds = c·size^p. */
  readonly exponent: number;
}

/** The base network with one thing changed at a time; the points of an axis take turns. */
export async function* scaling(host: Host, rounds: number): AsyncGenerator<Growth, void> {
  for (const [axis, { values, size, change }] of Object.entries<Axis>(axes)) {
    await using resources = new AsyncDisposableStack();
    const runners = [];
    for (const value of values) {
      const authored = authorCase({ ...base, ...change(value) }, host.device.lowering);
      const entry = { ...host, name: axis, authored, problem: problemOf(authored.manifest), repeats: 1 };
      runners.push(resources.use(await openers.step(entry)));
    }
    const timings = await interleaved(runners, rounds);
    const points = values.map((value, i) => ({ size: size(value), milliseconds: medians(timings[i]!).wall }));
    yield { axis, points, exponent: exponentOf(points) };
  }
}

/** The slope of the line of least squares through the logarithms. */
export function exponentOf(points: Growth["points"]): number {
  const [x, y] = [
    points.map(({ size }) => Math.log(size)),
    points.map(({ milliseconds }) => Math.log(milliseconds)),
  ];
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = mean(x.map((each, i) => (each - mx) * (y[i]! - my)));
  return covariance / mean(x.map((each) => (each - mx) ** 2));
}

/** Each axis with its exponent, and its points with the exponent from the one before: fixed costs weigh on small sizes only. */
export function growthText(growths: readonly Growth[]): string {
  const rows = growths.flatMap(({ axis, points, exponent }) => [
    [axis, "", "", `exponent ${exponent.toFixed(2)}`],
    ...points.map((point, i) => {
      const before = points[i - 1];
      const local = before ? exponentOf([before, point]).toFixed(2) : "";
      return ["", `${point.size}`, `${point.milliseconds.toFixed(1)} ms`, local];
    }),
  ]);
  return table(rows);
}

/** A curve for each axis over its size relative to the smallest, both logarithmic; answers the paths written. */
export function plotGrowth(path: string, growths: readonly Growth[]): Promise<string[]> {
  const curves = growths.flatMap(({ axis, points, exponent }) => {
    const method = `${axis}: exponent ${exponent.toFixed(2)}`;
    return points.map(({ size, milliseconds }) => ({
      method,
      cost: size / points[0]!.size,
      error: milliseconds,
    }));
  });
  const panel = errorCurves(curves, {
    title: "a training step",
    xTitle: "size, by the smallest",
    yTitle: "milliseconds",
  });
  return writeFigure(path, figure([[panel]]));
}
