// How many kernels the default model starts on a GPU: as each costs some ten microseconds or more, their number is held.
import { describe, expect, test } from "bun:test";
import { digits } from "../../lib/data/digits.ts";
import { presets } from "../../models/presets.ts";
import { authorModel } from "../../scripts/recipes/author-model.ts";
import { suggestFor } from "../../scripts/recipes/suggest-for.ts";
import { kernelsOf } from "../support/kernels.ts";

const preset = "digits";
const dataset = digits(0);
const suggestion = await suggestFor(dataset, presets[preset]);
const recipe = { preset, source: "digits", opening: {}, lowering: "webgpu" } as const;
const { manifest, files } = authorModel(recipe, dataset, suggestion);
const { step, eval: evaluation, sampling } = manifest.graphs;

describe("kernels of the default model on WebGPU", () => {
  test.each([
    ["a training step", step, 1370],
    ["an evaluation of the loss", evaluation, 340],
    ["an evaluation in sampling", sampling[0]!, 340],
  ])("%s", (_, entry, most) => {
    const lowered = kernelsOf(files.get(entry.lowered!.webgpu!)!);
    expect(lowered).toBeLessThanOrEqual(most);
    expect(lowered).toBeLessThan(0.7 * kernelsOf(files.get(entry.file)!));
  });
});
