// Artifact folders come back as they were written, and what is missing is named.
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { openArtifact, writeArtifact, writeManifest, writeModelFolder } from "../../lib/run/folder.ts";
import { readModelWeights } from "../../lib/run/weights.ts";
import { failingFiles } from "../support/failing-files.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";
import { tinyArtifact, tinyFiles } from "../support/tiny-artifact.ts";

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  return message;
}

test("what is written is read, twice over, and nothing else is left", async () => {
  using folder = new TemporaryFolder();
  const dir = join(folder.path, "new", "run");
  const { manifest, files } = tinyFiles();
  for (let i = 0; i < 2; i++) await writeArtifact(dir, manifest, files);
  const artifact = await openArtifact(dir);
  expect(artifact.manifest).toEqual(manifest);
  for (const [file, bytes] of files) expect(await artifact.read(file)).toEqual(bytes);
  expect(readdirSync(dir).sort()).toEqual([...files.keys(), "manifest.json"].sort());
});

test("a missing folder, manifest or graph, and broken JSON, say what is expected and what to do", async () => {
  using folder = new TemporaryFolder();
  const dir = folder.path;
  expect(await refusal(openArtifact(join(dir, "none")))).toMatch(/none: no such folder.*scripts\/author\.ts/);
  expect(await refusal(openArtifact(dir))).toMatch(
    /expected a manifest\.json, there is none.*scripts\/author\.ts/,
  );
  folder.write("manifest.json", "{ broken");
  expect(await refusal(openArtifact(dir))).toMatch(/manifest\.json: expected JSON/);
  folder.write("manifest.json", "{}");
  expect(await refusal(openArtifact(dir))).toMatch(/not a langevin manifest/);
  const { manifest, files } = tinyFiles();
  await writeArtifact(dir, manifest, files);
  const artifact = await openArtifact(dir);
  rmSync(join(dir, "step_model.onnx"));
  expect(await refusal(artifact.read("step_model.onnx"))).toMatch(
    /expected step_model\.onnx, which manifest\.json names.*scripts\/author\.ts/,
  );
});

test("a manifest without its graphs is not written", async () => {
  using folder = new TemporaryFolder();
  const { manifest, files } = tinyFiles();
  const fewer = new Map([...files].slice(1));
  await expect(writeArtifact(folder.path, manifest, fewer)).rejects.toThrow("training_model.onnx");
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a place that cannot be written to is the user's to mend", async () => {
  using folder = new TemporaryFolder();
  const { manifest, files } = tinyFiles();
  const path = folder.write("file", "");
  await expect(writeArtifact(path, manifest, files)).rejects.toBeInstanceOf(UserError);
});

test("a model folder has what sampling needs, and gives way to a newer one", async () => {
  using folder = new TemporaryFolder();
  const dir = join(folder.path, "model");
  const artifact = tinyArtifact();
  for (const weights of [Float32Array.of(1, 2), Float32Array.of(3, 4)]) {
    await writeModelFolder(dir, artifact, weights);
    const opened = await openArtifact(dir);
    expect(opened.manifest).toEqual(artifact.manifest);
    for (const { file } of opened.manifest.graphs.sampling)
      expect(await opened.read(file)).toEqual(await artifact.read(file));
    expect(await readModelWeights(dir, opened.manifest)).toEqual(weights);
  }
  expect(readdirSync(folder.path)).toEqual(["model"]);
  expect(await refusal((await openArtifact(dir)).read("step_model.onnx"))).toContain(
    "expected step_model.onnx",
  );
});

test("a model folder that cannot be finished leaves the older one untouched, and nothing beside it", async () => {
  using folder = new TemporaryFolder();
  const dir = join(folder.path, "model");
  const artifact = tinyArtifact();
  await writeModelFolder(dir, artifact, Float32Array.of(1, 2));
  const before = readdirSync(dir, { recursive: true }).sort();
  const { file: last } = artifact.manifest.graphs.sampling.at(-1)!;
  const broken = {
    ...artifact,
    read: async (file: string) => {
      if (file === last) throw new UserError(`no ${file}`);
      return artifact.read(file);
    },
  };
  expect(await refusal(writeModelFolder(dir, broken, Float32Array.of(3, 4)))).toBe(`no ${last}`);
  expect(readdirSync(folder.path)).toEqual(["model"]);
  expect(readdirSync(dir, { recursive: true }).sort()).toEqual(before);
  expect(await readModelWeights(dir, artifact.manifest)).toEqual(Float32Array.of(1, 2));
});

test("a manifest that the disk refuses is the user's to mend, and the older one stays", async () => {
  using folder = new TemporaryFolder();
  const { manifest } = tinyFiles();
  await writeManifest(folder.path, manifest);
  // Operations: clear the place beside, open there, write, flush, rename.
  for (let operation = 0; operation < 5; operation++) {
    using _ = failingFiles(operation, "once");
    expect(await refusal(writeManifest(folder.path, { ...manifest, batch: 99 }))).toMatch(
      /^cannot write .*manifest\.json: EIO: i\/o error/,
    );
    expect(readdirSync(folder.path)).toEqual(["manifest.json"]);
    const text = readFileSync(join(folder.path, "manifest.json"), "utf8");
    expect(JSON.parse(text).batch).toBe(manifest.batch);
  }
});
