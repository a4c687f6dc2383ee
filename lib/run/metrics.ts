// The metrics file, metrics.jsonl: one line of JSON for each step.
import fs from "node:fs/promises";
import { filing, ifThere, placeFile, textPieces } from "./files.ts";

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

/**
 * Drops the lines of a `metrics.jsonl` that come after `step`, atomically, so that a resumed run writes each step once.
 * A missing file is left missing. Throws UserError where the file system refuses.
 */
export async function truncateMetrics(path: string, step: number): Promise<void> {
  await filing(`cannot truncate ${path}`, async () => {
    const text = await ifThere(fs.readFile(path, "utf8"));
    if (text !== undefined) await placeFile(path, textPieces(metricsUpTo(text, step)));
  });
}
