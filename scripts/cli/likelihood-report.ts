// What the likelihood command prints.
import type { Estimate } from "../../lib/theory/estimate.ts";
import type { OdeLikelihood } from "./likelihood.ts";
import type { BoundLikelihood } from "./likelihood-bound.ts";
import type { DiffusionLikelihood } from "./likelihood-diffusion.ts";
import { type Fields, report, table } from "./report.ts";

export interface Measured {
  readonly ode: OdeLikelihood | undefined;
  readonly bound: BoundLikelihood | undefined;
  readonly diffusion: DiffusionLikelihood | undefined;
}

/** Prints fields of both kinds for people, or everything as one line of JSON. */
export function reportLikelihood(fields: Fields, { ode, bound, diffusion }: Measured, json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ ...fields, ode, bound, diffusion }));
    return;
  }
  const nfe = bound ? { boundNfe: bound.nfe } : diffusion && { nfe: diffusion.nfe };
  report({ ...fields, ...(ode && odeFields(ode)), ...nfe }, false);
  if (bound) console.log(`\n${boundTable(bound)}`);
  if (diffusion) console.log(`\n${diffusionTable(diffusion)}`);
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

const headings = { beta: "variance beta", posterior: "variance beta~", learned: "variance learned" } as const;

function boundTable({ terms, total, exactBitsPerDim }: BoundLikelihood): string {
  const variances = (Object.keys(headings) as (keyof typeof headings)[]).filter((name) => total[name]);
  const rows = [...terms, { term: "bound", ...total }].map(({ term, ...bits }) => [
    term,
    ...variances.map((name) => withError(bits[name]!, 5)),
  ]);
  const exact = exactBitsPerDim?.toFixed(5);
  return table([
    ["bits/dim", ...variances.map((name) => headings[name])],
    ...rows,
    ...(exact ? [["true -log p", ...variances.map(() => exact)]] : []),
  ]);
}

function diffusionTable({ terms, total, aboveIndependent, exact }: DiffusionLikelihood): string {
  const rows = [
    ...terms,
    { term: "K, at most log p", bits: total },
    { term: "above independent values", bits: aboveIndependent },
  ].map(({ term, bits }) => [term, withError(bits, 4)]);
  return table([
    ["", "bits/sample"],
    ...rows,
    ...(exact === undefined ? [] : [["true log p", exact.toFixed(4)]]),
  ]);
}
