// A folder tree of image files: decoded with sharp as they are needed, kept as bytes up to a stated amount of memory.

import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { UserError } from "../errors.ts";
import { bytesToUnit } from "../images/pixels.ts";
import { ByteCache } from "./byte-cache.ts";
import type { ImageDataset } from "./dataset.ts";
import { checkColour, type DecodeOptions, decodeImage } from "./decode-image.ts";

/** How the files of a folder become images of one shape. */
export interface ImageFolderOptions extends Partial<DecodeOptions> {
  /** Most bytes of decoded images that are kept; what does not fit is decoded again. 256 MiB by default. */
  readonly cacheBytes?: number;
  /** Receives one line when files turn out to be unreadable, and again each time their number has doubled. */
  readonly warn?: (line: string) => void;
}

const EXTENSIONS = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".gif"];
const DECODERS = 8;
const DEFAULT_CACHE_BYTES = 256 * 2 ** 20;

/** Whether a file's name has the extension of an image that can be read. */
export const isImage = (name: string): boolean => EXTENSIONS.includes(extname(name).toLowerCase());

/**
 * All images below a folder, in the order of their paths; 3x32x32 unless the options say otherwise. When every image lies in a
 * subfolder, and there are at least two, the subfolders' names in order are the classes. Throws UserError when there is no image, or for a background that is no colour.
 */
export async function imageFolder(folder: string, options: ImageFolderOptions = {}): Promise<ImageDataset> {
  const paths = await listImages(folder);
  if (paths.length === 0)
    throw new UserError(
      `${folder}: expected images (${EXTENSIONS.join(" ")}) in it or its subfolders, found none`,
    );
  const decode = {
    size: options.size ?? ([32, 32] as const),
    fit: options.fit ?? "cover",
    channels: options.channels ?? 3,
    background: options.background ?? "#000",
  } satisfies DecodeOptions;
  await checkColour(decode.background);
  const classes = classesOf(paths);
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const files = new ImageFiles(folder, paths, decode, options);
  return {
    name: basename(folder),
    shape: [decode.channels, ...decode.size],
    size: paths.length,
    classes: classes.length,
    async read(indices, images, labels) {
      await inParallel(indices.length, DECODERS, async (i) => {
        const { source, bytes } = await files.load(indices[i]!);
        bytesToUnit(bytes, images, i * bytes.length);
        if (labels && classes.length > 0) labels[i] = labelOf.get(topFolder(paths[source]!))!;
      });
      files.report();
    },
  };
}

// Paths relative to the root with "/" between names, sorted, so that a set has the same order on every machine.
async function listImages(root: string): Promise<string[]> {
  const found: string[] = [];
  const seen = new Set<string>();
  const walk = async (folder: string): Promise<void> => {
    const real = await realpath(join(root, folder));
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(real, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const kind = entry.isSymbolicLink() ? await stat(join(real, entry.name)).catch(() => entry) : entry;
      if (kind.isDirectory()) await walk(path);
      else if (kind.isFile() && isImage(entry.name)) found.push(path);
    }
  };
  await walk("");
  return found.sort();
}

const topFolder = (path: string): string => path.slice(0, Math.max(0, path.indexOf("/")));

function classesOf(paths: readonly string[]): string[] {
  const names = [...new Set(paths.map(topFolder))].sort();
  return names.length < 2 || names[0] === "" ? [] : names;
}

/** Runs task(0..count-1), at most `width` at a time. */
async function inParallel(count: number, width: number, task: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

// The decoded files. One that cannot be decoded is replaced by the next that can, so that a bad file never ends a training run.
class ImageFiles {
  readonly #folder: string;
  readonly #paths: readonly string[];
  readonly #options: DecodeOptions;
  readonly #warn: (line: string) => void;
  readonly #cache: ByteCache;
  readonly #bad = new Set<number>();
  #firstReason = "";
  #reported = 0;

  constructor(folder: string, paths: readonly string[], decode: DecodeOptions, options: ImageFolderOptions) {
    this.#folder = folder;
    this.#paths = paths;
    this.#options = decode;
    this.#warn = options.warn ?? console.warn;
    const volume = decode.channels * decode.size[0] * decode.size[1];
    this.#cache = new ByteCache(paths.length, volume, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  }

  /** The planes of file `index`, or of the next good one, and which file they come from. */
  async load(index: number): Promise<{ source: number; bytes: Uint8Array }> {
    const count = this.#paths.length;
    if (!(index >= 0 && index < count))
      throw new Error(`${this.#folder}: expected an index in 0..${count - 1}, got ${index}`);
    for (let tried = 0; tried < count; tried++) {
      const source = (index + tried) % count;
      const bytes = this.#cache.get(source) ?? (await this.#decode(source));
      if (bytes) return { source, bytes };
    }
    throw new UserError(
      `${this.#folder}: none of its ${count} images can be decoded; first: ${this.#firstReason}`,
    );
  }

  async #decode(index: number): Promise<Uint8Array | undefined> {
    if (this.#bad.has(index)) return undefined;
    const path = this.#paths[index]!;
    try {
      const bytes = await decodeImage(join(this.#folder, path), this.#options);
      this.#cache.set(index, bytes);
      return bytes;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
      if (this.#bad.size === 0) this.#firstReason = `${path} (${reason})`;
      this.#bad.add(index);
      return undefined;
    }
  }

  report(): void {
    if (this.#bad.size < Math.max(1, 2 * this.#reported)) return;
    this.#reported = this.#bad.size;
    this.#warn(
      `${this.#folder}: ${this.#bad.size} of ${this.#paths.length} images cannot be decoded so far and others stand in for them; first: ${this.#firstReason}`,
    );
  }
}
