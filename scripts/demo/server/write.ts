// Writes a site as static files for any host and any path on it.
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { policyForMeta } from "./headers.ts";
import type { Site } from "./site.ts";

/** Writes every file below a folder that is empty or not there; answers their size in bytes. Throws UserError for another. */
export async function writeSite(site: Site, folder: string): Promise<number> {
  await requireEmpty(folder);
  await mkdir(folder, { recursive: true });
  const sizes = await Promise.all(
    [...site].map(async ([name, { body }]) =>
      Bun.write(join(folder, name), name === "index.html" ? withPolicy(await body.text()) : body),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function requireEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new UserError(`--build: cannot use ${folder} as a folder (${cause.code})`);
  });
  if (entries.length > 0)
    throw new UserError(`--build: ${folder} is not empty; remove it, or choose another folder`);
}

/** The page says itself what a static host's headers do not. */
function withPolicy(html: string): string {
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policyForMeta}" />`;
  return new HTMLRewriter()
    .on("head", { element: (head) => void head.prepend(meta, { html: true }) })
    .transform(html);
}
