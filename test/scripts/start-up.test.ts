// What commands load: libraries that take long to load wait until their work comes, and sampling does without what authors graphs.
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadedBefore } from "../support/imports.ts";
import { outcome } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const root = join(import.meta.dir, "../..");
const heavy = [
  "sharp",
  "vega",
  "vega-lite",
  "katex",
  "onnxruntime-node",
  "onnxruntime-web",
  "playwright-core",
];
const authoring = /^(models|lib\/author)\//;

/** Everything that a source loads before its first line runs, itself included. */
function loaded(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  if (!/\.tsx?$/.test(path) || !existsSync(join(root, path))) return seen;
  for (const each of loadedBefore(path, readFileSync(join(root, path), "utf8"))) loaded(each, seen);
  return seen;
}

const scripts = [...new Bun.Glob("scripts/*.ts").scanSync(root)].sort();

test.each(scripts)("%s is ready for its options without the libraries that take long to load", (script) => {
  const all = [...loaded(script)];
  expect(all.filter((each) => heavy.includes(each.replace(/\/.*/, "")))).toEqual([]);
});

test.each(["sample", "sheet", "likelihood"])("%s is ready without what authors graphs", (script) => {
  expect([...loaded(`scripts/${script}.ts`)].filter((each) => authoring.test(each))).toEqual([]);
});

test("sampling a model of our own loads neither authoring nor figures", async () => {
  using folder = new TemporaryFolder();
  const spy = folder.write(
    "spy.ts",
    `process.on("exit", () => console.error(JSON.stringify(Object.keys(require.cache))));`,
  );
  const sample = ["scripts/sample.ts", "assets/models/digits", "--out", join(folder.path, "one.png")];
  const options = ["--method", "euler", "--steps", "2", "--count", "1"];
  const { code, stderr } = await outcome(
    Bun.spawn([process.execPath, "--preload", spy, ...sample, ...options], {
      cwd: root,
      stdout: "pipe",
      stderr: "pipe",
    }),
  );
  expect(code).toBe(0);
  const modules = (JSON.parse(stderr.trim().split("\n").at(-1)!) as string[]).map((path) =>
    path.replace(`${root}/`, ""),
  );
  expect(modules).toContain("lib/run/sample.ts");
  const unneeded = /^(models|lib\/author|lib\/data)\/|onnx_pb|^node_modules\/(vega|csv-parse)/;
  expect(modules.filter((path) => unneeded.test(path))).toEqual([]);
  expect(modules.some((path) => path.startsWith("node_modules/sharp/"))).toBe(true);
});
