// The picture of a comparison: score errors of all objectives, and the samples of each.
import type { TopLevelSpec } from "vega-lite";
import type { KnownDensity } from "../../lib/data/dataset.ts";
import { figure, type Panel } from "../../lib/plots/figure.ts";
import { methodDots } from "../../lib/plots/method-dots.ts";
import { particles } from "../../lib/plots/particles.ts";
import { regionAround } from "../../lib/plots/plane.ts";
import type { Contender } from "./comparison.ts";

const samplesPerRow = 4;

/** Score errors on a logarithmic axis; below, in the plane, the samples of each model beside the data [N,2]. */
export function comparisonFigure(
  name: string,
  contenders: readonly Contender[],
  { mixture: { dimensions } }: KnownDensity,
  data: Float32Array,
): TopLevelSpec {
  const rows = [[errorPanel(contenders)], ...(dimensions === 2 ? [[samplePanel(contenders, data)]] : [])];
  return figure(rows, `Score matching on ${name}`);
}

function errorPanel(contenders: readonly Contender[]): Panel {
  const values = contenders.flatMap(({ objective, errors }) =>
    errors.map(({ sigma, error }) => ({
      method: objective,
      group: `σ = ${Number(sigma.toPrecision(2))}`,
      value: error,
    })),
  );
  return methodDots(values, {
    title: "relative score error under the blurred density",
    quantity: "E‖s − s*‖² / E‖s*‖²",
    scale: "log",
    width: 560,
  });
}

function samplePanel(contenders: readonly Contender[], data: Float32Array): Panel {
  const clouds = contenders.map(({ objective, samples }) => ({ title: objective, points: samples }));
  return particles([{ title: "data", points: data }, ...clouds], {
    region: regionAround(data),
    columns: samplesPerRow,
  });
}
