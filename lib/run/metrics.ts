// The text of `metrics.jsonl`: one JSON object per line, each with the step that it belongs to.

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
