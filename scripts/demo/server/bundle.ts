// Builds the page and its worker with Bun: minified files whose names hold the hash of their contents.
import { basename, join, relative } from "node:path";
import type { BuildArtifact, BuildConfig, BunPlugin } from "bun";
import { UserError } from "../../../lib/errors.ts";

/**
 * The files of the page in a folder with `index.html` and `engine/worker.ts`, by name.
 * Throws UserError with the first complaint when something does not build.
 */
export async function bundle(folder: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const worker = await build(join(folder, "engine/worker.ts"));
  const entry = worker.find(({ kind }) => kind === "entry-point")!;
  const page = await build(join(folder, "index.html"), [workerByName(basename(entry.path))]);
  const contents = [...page, ...worker].map(
    async (file): Promise<[string, Uint8Array<ArrayBuffer>]> => [
      basename(file.path),
      new Uint8Array(await file.arrayBuffer()),
    ],
  );
  return new Map(await Promise.all(contents));
}

/** Bun leaves the address of a worker as it stands in the source; this names the file that was built. */
const workerByName = (name: string): BunPlugin => ({
  name: "worker",
  setup: (build) => {
    build.onLoad({ filter: /engine[/\\]client\.ts$/ }, async ({ path }) => ({
      contents: (await Bun.file(path).text()).replace('"./worker.ts"', JSON.stringify(`./${name}`)),
      loader: "ts",
    }));
  },
});

async function build(entrypoint: string, plugins: BunPlugin[] = []): Promise<BuildArtifact[]> {
  const html = entrypoint.endsWith(".html");
  const settings: BuildConfig = {
    entrypoints: [entrypoint],
    target: "browser",
    minify: true,
    splitting: true,
    // ONNX Runtime's loader and WebAssembly stay files of their own: a threaded runtime starts its threads from them.
    conditions: ["onnxruntime-web-use-extern-wasm"],
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: html ? "[name].[ext]" : "[name]-[hash].[ext]", chunk: "[name]-[hash].[ext]" },
    plugins,
  };
  try {
    return (await Bun.build(settings)).outputs;
  } catch (error) {
    throw new UserError(`cannot build the page: ${firstComplaint(error)}`);
  }
}

/** What went wrong and where, as one line. */
function firstComplaint(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof BuildMessage || first instanceof ResolveMessage)) return String(first);
  const { message, position } = first;
  if (!position) return message;
  return `${message} (${relative(process.cwd(), position.file)}:${position.line}:${position.column})`;
}
