// Graphs that are lowered from files are those that authoring lowers, to the byte where a model is sampled.
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { graphFiles, portable } from "../../lib/artifact/graph-files.ts";
import { type LoweringName, loweringNames } from "../../lib/artifact/lowering.ts";
import { lowerModel } from "../../lib/author/lower-model.ts";
import { encodeModel } from "../../lib/author/onnx/model.ts";
import { readModel } from "../../lib/author/onnx/read.ts";
import { builtins } from "../../lib/data/builtins.ts";
import { identityModel } from "../../lib/run/identity.ts";
import { presets } from "../../models/presets.ts";
import { authorModel } from "../../scripts/recipes/author-model.ts";
import { suggestFor } from "../../scripts/recipes/suggest-for.ts";
import { kernelsOf } from "../support/kernels.ts";

const weights: ReadonlySet<string> = new Set(["params"]);

const names = ["tiny", "density", "density-energy", "diffusion-2015"] as const;

async function authored(preset: (typeof names)[number], lowering: LoweringName) {
  const { data } = presets[preset];
  const dataset = builtins[data]!(0);
  const suggestion = await suggestFor(dataset, presets[preset]);
  return authorModel({ preset, source: data, opening: {}, lowering }, dataset, suggestion);
}

describe.each(names)("%s", (preset) => {
  test("every portable graph is read and written again to the byte", async () => {
    const { manifest, files } = await authored(preset, "wasm");
    const all = graphFiles(portable(manifest)).map((file) => files.get(file)!);
    expect(all.length).toBeGreaterThan(4);
    for (const bytes of all) {
      const { inputs, outputs } = readModel(bytes);
      expect(encodeModel(outputs, inputs)).toEqual(bytes);
    }
  });

  test.each([...loweringNames])(
    "what samples is lowered for %s as it was when it was authored",
    async (lowering) => {
      const { manifest, files } = await authored(preset, lowering);
      for (const { file, lowered } of manifest.graphs.sampling)
        expect(lowerModel(files.get(file)!, lowering, weights)).toEqual(files.get(lowered![lowering]!)!);
    },
  );
});

test("what is lowered, what nothing is gained for and what others wrote stays as it is", async () => {
  const { manifest, files } = await authored("density", "wasm");
  const perceptron = files.get(manifest.graphs.sampling[0]!.file)!;
  const lowered = lowerModel(await shipped(), "webgpu", weights);
  for (const model of [perceptron, lowered, identityModel(), Uint8Array.of(1, 2, 3)])
    expect(lowerModel(model, "wasm", weights)).toBe(model);
});

const shipped = () => readFile(join(import.meta.dir, "../../assets/models/digits/sample_model_10.onnx"));

test("the model that comes with the project starts few kernels on a GPU", async () => {
  const model = await shipped();
  expect(kernelsOf(model)).toBeGreaterThan(850);
  expect(kernelsOf(lowerModel(model, "webgpu", weights))).toBeLessThanOrEqual(350);
});
