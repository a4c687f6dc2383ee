// The fields of the plane on a grid: the score that moves particles, the true one, and the landscapes below them.

import { nextTurn } from "./next-turn.ts";
import type { PlaneNetwork } from "./plane-network.ts";
import type { Subject } from "./plane-subject.ts";
import type { FieldRequest, PlaneField } from "./protocol.ts";

/** Points of the grid between two turns. */
const atOnce = 1000;

/** The fields at the centres of the cells. */
export async function planeField(
  { law, info }: Pick<Subject, "law" | "info">,
  request: FieldRequest,
  network: PlaneNetwork | undefined,
): Promise<PlaneField> {
  const { sigma, cells } = request;
  const points = cellCentres(info.centre, request);
  const learned = await network?.at(points, sigma);
  const trueScore = new Float32Array(points.length);
  const logDensity = new Float32Array(cells ** 2);
  for (let i = 0; i < logDensity.length; i++) {
    const x = points.subarray(2 * i, 2 * i + 2);
    trueScore.set(law.score(x, sigma), 2 * i);
    logDensity[i] = law.logpdf(x, sigma);
    if ((i + 1) % atOnce === 0) await nextTurn();
  }
  return { score: learned?.score ?? trueScore, trueScore, logDensity, energy: learned?.energy };
}

/** Row by row from the lower left, [cells²*2]. */
function cellCentres(
  [x, y]: readonly [number, number],
  { cells, extent }: Pick<FieldRequest, "cells" | "extent">,
): Float32Array {
  const along = (middle: number, i: number) => middle + extent * ((2 * i + 1) / cells - 1);
  const points = new Float32Array(2 * cells ** 2);
  for (let i = 0; i < cells ** 2; i++) {
    points[2 * i] = along(x, i % cells);
    points[2 * i + 1] = along(y, Math.floor(i / cells));
  }
  return points;
}
