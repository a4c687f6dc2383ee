// Artifact folders come back as they were written, and what is missing is named.
import { expect, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { readModelWeights } from "../../lib/run/checkpoint.ts";
import { openArtifact, writeArtifact, writeModelFolder } from "../../lib/run/folder.ts";
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
