// The source as a building: who imports whom, no cycles, and the shape of a file.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { complaint, floors } from "./support/floors.ts";
import { cycles, type Edge, edges } from "./support/imports.ts";

const root = join(import.meta.dir, "..");
const paths = [...new Bun.Glob("{lib,models,scripts}/**/*.{ts,tsx}").scanSync(root)].sort();
const sources = await Promise.all(
  paths.map(async (path) => ({ path, source: await Bun.file(join(root, path)).text() })),
);
const all = sources.flatMap(({ path, source }) => edges(path, source));
const written = sources.filter(({ path }) => !path.endsWith("_pb.ts"));

test("imports go down the floors", () => {
  expect(paths.length).toBeGreaterThan(50);
  expect(all.map(complaint).filter((sentence) => sentence !== undefined)).toEqual([]);
});

test("there are no import cycles, not even of types", () => {
  expect(cycles(all)).toEqual([]);
});

test("every floor of the table has files", () => {
  const first = new Set(paths.map((path) => floors.find(({ files }) => path.startsWith(files))));
  expect(floors.filter((floor) => !first.has(floor)).map(({ files }) => files)).toEqual([]);
});

test("every file begins with a sentence that says what it is", () => {
  const silent = written.filter(({ source }) => !/^\/\/ [^a-z\s].{10,}[^.]\.\n/.test(source));
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("no file is longer than 400 lines", () => {
  const long = written.filter(({ source }) => source.split("\n").length > 401);
  expect(long.map(({ path }) => path)).toEqual([]);
});

test("the scanner sees every way to name a module, and whether the types' erasure leaves it", () => {
  const source = `
import type { A } from "./a.ts";
import { type B } from "./b.ts";
import c, {
  // it's "tricky"; from './no.ts'
  type D, /* from "./neither.ts" */
} from "./d.ts";
import "./e.ts";
import { unused } from "./f.ts";
import type * as G from "../g.ts";
export type { H } from "./h.ts";
export type * from "./i.ts";
export * as j from "./j.ts";
export { k } from '@scope/k';
const l = await import("node:fs");
type M = import("./m.ts").M;
type N = typeof import("./n.ts");
`;
  const kept = ["./d.ts", "./e.ts", "./f.ts", "./j.ts", "@scope/k", "node:fs"];
  const erased = ["../g.ts", "./a.ts", "./b.ts", "./h.ts", "./i.ts", "./m.ts", "./n.ts"];
  const found = Object.groupBy(edges("top/file.ts", source), ({ typeOnly }) =>
    typeOnly ? "erased" : "kept",
  );
  const inTop = (names: readonly string[]) =>
    names.map((name) => name.replace(/^\.\//, "top/").replace(/^\.\.\//, ""));
  expect(found.kept?.map(({ to }) => to)).toEqual(inTop(kept));
  expect(found.erased?.map(({ to }) => to)).toEqual(inTop(erased));
});

test("the scanner sees the host's globals and nothing that is only called like one", () => {
  const uses = "const { pid } = process; globalThis.Bun.gc(true); await import(`./` + pid);";
  expect(edges("a.ts", uses).map(({ to }) => to)).toEqual(["global:Bun", "global:process", "computed:"]);
  const innocent = `
// The process. of
const f = (process: number) => ({ Buffer: process, text: "process.pid" });
type Bytes = Buffer;
export const g = f(1).Buffer;`;
  expect(edges("a.ts", innocent)).toEqual([]);
});

test("the scanner reports a cycle of types", () => {
  const planted = { "a.ts": "./b.ts", "b.ts": "./c.ts", "c.ts": "./b.ts", "d.ts": "./c.ts" };
  const graph = Object.entries(planted).flatMap(([path, to]) =>
    edges(path, `import type { X } from "${to}";`),
  );
  expect(cycles(graph)).toEqual(["b.ts -> c.ts -> b.ts"]);
});

const edge = (from: string, to: string): Edge => ({
  from,
  to: to.replace(/^type /, ""),
  typeOnly: to.startsWith("type "),
});

test.each([
  [
    "lib/run/train.ts",
    "type lib/author/author.ts",
    "running knows nothing of gradients; put what both need into",
  ],
  ["lib/run/train.ts", "type node:fs", "it must run in a browser"],
  ["lib/run/train.ts", "global:process", "lib/run/train.ts uses global:process: it must run in a browser"],
  ["lib/run/train.ts", "lib/data/dataset.ts", "running knows data sets by their type"],
  ["lib/run/device.ts", "type onnxruntime-node", "only lib/run knows the runtime, as types"],
  ["lib/run/device.ts", "onnxruntime-common", "only lib/run knows the runtime, as types"],
  ["lib/theory/ema.ts", "type models/unet.ts", "move what it needs into lib/"],
  ["lib/theory/ema.ts", "lodash", "this folder does without that package"],
  ["lib/theory/ema.ts", "computed:", "write the name out"],
  ["lib/errors.ts", "lib/random.ts", "errors stand on nothing"],
  ["lib/artifact/manifest.ts", "lib/theory/ema.ts", "the file formats know neither"],
  ["lib/data/builtins.ts", "lib/data/idx.ts", "built-in data must run in a browser"],
  ["lib/data/densities/index.ts", "sharp", "it must run in a browser"],
  ["lib/author/author.ts", "type lib/run/train.ts", "authoring runs nothing"],
  ["lib/author/author.ts", "lib/data/open.ts", "authoring runs nothing"],
  ["lib/author/graph/ops.ts", "lib/author/autodiff/vjps.ts", "the graph is the algebra"],
  ["lib/author/nn/layers.ts", "lib/author/optim/clip.ts", "layers are compositions"],
  ["lib/author/objectives/denoising.ts", "type lib/author/denoiser.ts", "an objective sees a score"],
  ["models/unet.ts", "type onnxruntime-common", "only lib/run knows the runtime"],
  ["models/unet.ts", "lib/author/author.ts", "a model is graph code"],
  ["scripts/train.ts", "test/support/compare.ts", "only tests use test/"],
  ["lib/unheard.ts", "lib/errors.ts", "lib/unheard.ts is on no floor"],
])("refuses %s -> %s", (from, to, reason) => {
  expect(complaint(edge(from, to))).toContain(reason);
});

test.each([
  ["lib/run/train.ts", "type lib/data/dataset.ts"],
  ["lib/run/device.ts", "type onnxruntime-common"],
  ["lib/run/checkpoint.ts", "node:fs/promises"],
  ["lib/author/author.ts", "lib/author/autodiff/gradient.ts"],
  ["models/presets.ts", "type lib/author/author.ts"],
  ["scripts/train.ts", "onnxruntime-node"],
])("allows %s -> %s", (from, to) => {
  expect(complaint(edge(from, to))).toBeUndefined();
});
