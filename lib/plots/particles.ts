// Clouds of points: samples, alone or beside the data.

import { type Panel, smallMultiples } from "./figure.ts";
import type { Numbers } from "./numbers.ts";
import { dots, logDensity, type OnGrid, pairs, plane, type Region, regionAround } from "./plane.ts";
import { accent, categories, panelWidth } from "./theme.ts";

export interface Cloud {
  readonly title: string;
  /** Points [N,2]. */
  readonly points: Numbers;
}

export interface ParticleOptions {
  readonly region?: Region;
  /** Log density under the points. */
  readonly density?: OnGrid;
  /** Panels per row. */
  readonly columns?: number;
}

/** One panel per cloud, all of one region; a subtitle counts the points that lie outside. Throws on points that are not finite. */
export function particles(clouds: readonly Cloud[], options: ParticleOptions = {}): Panel {
  const { density, columns = Math.min(3, clouds.length) } = options;
  const region = options.region ?? density?.grid ?? regionAround(...clouds.map(({ points }) => points));
  const panels = clouds.map(({ title, points }, n) =>
    plane(region, layersOf(points, density), {
      title,
      subtitle: countOutside(points, region),
      width: panelWidth(columns),
      inner: n % columns > 0,
      filled: density !== undefined,
    }),
  );
  return smallMultiples(panels, columns);
}

const layersOf = (points: Numbers, density?: OnGrid) => [
  ...(density ? [logDensity("particles", density)] : []),
  dots("particles", points, { color: density ? accent : categories[0] }),
];

function countOutside(points: Numbers, { x, y }: Region): string {
  const all = pairs("particles", points);
  const outside = all.filter((p) => p.x < x[0] || p.x > x[1] || p.y < y[0] || p.y > y[1]).length;
  const total = `${all.length.toLocaleString("en")} points`;
  return outside === 0 ? total : `${total}, ${outside.toLocaleString("en")} outside`;
}
