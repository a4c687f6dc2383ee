// What a metrics file holds: one line of JSON for each step.

/** The name of a run's metrics file. */
export const metricsFile = "metrics.jsonl";

/** A step's line. */
export const metricsLine = (report: object): string => `${JSON.stringify(report)}\n`;

function belongsUpTo(line: string, step: number): boolean {
  try {
    return JSON.parse(line).step <= step;
  } catch {
    return false; // a line torn by a kill
  }
}

/** The lines of a metrics file that a run standing at `step` has written; later and torn lines are dropped. */
export function metricsUpTo(text: string, step: number): string {
  const kept = text.split("\n").filter((line) => belongsUpTo(line, step));
  return kept.map((line) => `${line}\n`).join("");
}
