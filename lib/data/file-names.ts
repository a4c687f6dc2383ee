// The files that lie directly in a folder.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Names of a folder's files in order, links to files included; a folder may be called like a file and is left out. */
export async function fileNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const kinds = await Promise.all(
    entries.map((entry) =>
      entry.isSymbolicLink() ? stat(join(folder, entry.name)).catch(() => entry) : entry,
    ),
  );
  return entries
    .filter((_, i) => kinds[i]!.isFile())
    .map(({ name }) => name)
    .sort();
}
