// What was measured: rows, as a table for people and for the README.
import { table } from "../cli/report.ts";
import type { ratios } from "./measure.ts";

export interface Row {
  readonly case: string;
  readonly work: string;
  readonly of: string;
  /** Milliseconds, the median of the rounds; or megabytes. */
  readonly amount: number;
  readonly unit: "ms" | "MB";
  /** Processor time of all threads, in milliseconds. */
  readonly cpu?: number;
  /** Our amount by this one's. */
  readonly ratio?: { readonly median: number; readonly best?: number };
  readonly cpuRatio?: ReturnType<typeof ratios>["cpu"];
  /** How far its numbers lie from ours, relative to the largest. */
  readonly apart?: number;
}

const head = [
  "case",
  "work",
  "of",
  "measured",
  "cpu ms",
  "ours/its",
  "best",
  "cpu",
  "best cpu",
  "differs by",
];

function cells({ case: name, work, of, amount, unit, cpu, ratio, cpuRatio, apart }: Row): string[] {
  const quotients = [ratio?.median, ratio?.best, cpuRatio?.median, cpuRatio?.best];
  return [
    name,
    work,
    of,
    `${rounded(amount)} ${unit}`,
    cpu === undefined ? "" : rounded(cpu),
    ...quotients.map((value) => value?.toFixed(2) ?? ""),
    apart?.toExponential(0) ?? "",
  ];
}

/** Short times need the digits that long ones do without. */
const rounded = (amount: number) => amount.toFixed(amount < 10 ? 2 : amount < 100 ? 1 : 0);

export const rowsTable = (rows: readonly Row[]): string => table([head, ...rows.map(cells)]);

/** The same in Markdown. */
export function rowsMarkdown(rows: readonly Row[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}
