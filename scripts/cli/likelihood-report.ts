// What the likelihood command prints.
import type { Estimate } from "../../lib/theory/estimate.ts";
import type { OdeLikelihood } from "./likelihood.ts";
import type { BoundLikelihood } from "./likelihood-bound.ts";
import { type Fields, report, table } from "./report.ts";

export interface Measured {
  readonly ode: OdeLikelihood | undefined;
  readonly bound: BoundLikelihood | undefined;
}

/** Prints fields of both kinds for people, or everything as one line of JSON. */
export function reportLikelihood(fields: Fields, { ode, bound }: Measured, json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ ...fields, ode, bound }));
    return;
  }
  report({ ...fields, ...(ode && odeFields(ode)), ...(bound && { boundNfe: bound.nfe }) }, false);
  if (bound) console.log(`\n${boundTable(bound)}`);
}

const withError = ({ mean, error }: Estimate, digits: number): string =>
  `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;

const odeFields = ({
  trace,
  sigmaMin,
  sigmaMax,
  nats,
  bitsPerDim,
  exactNats,
  nfe,
}: OdeLikelihood): Fields => ({
  trace,
  sigmaMin,
  sigmaMax,
  nfe,
  logLikelihood: `${withError(nats, 3)} nats`,
  ...(exactNats !== undefined && { exact: `${exactNats.toFixed(3)} nats` }),
  bitsPerDim: withError(bitsPerDim, 4),
});

function boundTable({ terms, total, exactBitsPerDim }: BoundLikelihood): string {
  const rows = [...terms, { term: "bound", ...total }].map(({ term, beta, posterior }) => [
    term,
    withError(beta, 5),
    withError(posterior, 5),
  ]);
  const exact = exactBitsPerDim?.toFixed(5);
  return table([
    ["bits/dim", "variance beta", "variance beta~"],
    ...rows,
    ...(exact ? [["true -log p", exact, exact]] : []),
  ]);
}
