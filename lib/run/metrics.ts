// The metrics file on disk.
import fs from "node:fs/promises";
import { textPieces } from "./contents.ts";
import { filing, ifThere, placeFile } from "./files.ts";
import { metricsUpTo } from "./metrics-lines.ts";

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
