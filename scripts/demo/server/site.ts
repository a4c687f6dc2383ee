// The list of everything that the page consists of: its bundle, ONNX Runtime's files and the shipped models.
import { readdir } from "node:fs/promises";
import { dirname, extname, join, relative, sep } from "node:path";
import { bundle } from "./bundle.ts";

export interface SiteFile {
  /** Its contents, read when they are asked for. */
  readonly body: Blob;
  readonly type: string;
  /** Changes with the contents. */
  readonly version: string;
  /** Whether the name changes with the contents, so that a copy is good for ever. */
  readonly hashed: boolean;
}

/** Files by their paths below the page's own address. */
export type Site = ReadonlyMap<string, SiteFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const typeOf = (path: string): string => types[extname(path)] ?? "application/octet-stream";

/** The runtime for a processor alone and the one that knows WebGPU, which is slower without it. */
const runtimes = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"];

interface Sources {
  /** The folder with `index.html` and `engine/worker.ts`. */
  readonly page: string;
  /** Folders of models; it need not be there. */
  readonly models: string;
}

/** Builds the page and lists its files. Throws UserError when it does not build. */
export async function openSite({ page, models }: Sources): Promise<Site> {
  const built = [...(await bundle(page))].map(inMemory);
  const runtime = runtimeFiles().map(({ name, path }) => onDisk(`ort/${name}`, path));
  const shipped = (await filesBelow(models)).map((path) => onDisk(nameIn("models", models, path), path));
  return new Map([...built, ...(await Promise.all([...runtime, ...shipped]))]);
}

const inMemory = ([name, bytes]: [string, Uint8Array<ArrayBuffer>]): [string, SiteFile] => [
  name,
  {
    body: new Blob([bytes]),
    type: typeOf(name),
    version: Bun.hash(bytes).toString(36),
    hashed: !name.endsWith(".html"),
  },
];

function runtimeFiles() {
  const folder = dirname(Bun.resolveSync("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.dir));
  return runtimes
    .flatMap((name) => [`${name}.mjs`, `${name}.wasm`])
    .map((name) => ({ name, path: join(folder, name) }));
}

async function onDisk(name: string, path: string): Promise<[string, SiteFile]> {
  const body = Bun.file(path);
  const { size, mtimeMs } = await body.stat();
  const version = `${size.toString(36)}-${Math.round(mtimeMs).toString(36)}`;
  return [name, { body, type: typeOf(path), version, hashed: false }];
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const nameIn = (prefix: string, folder: string, path: string): string =>
  [prefix, ...relative(folder, path).split(sep)].join("/");
