// Loads every graph of some presets on WebGPU, refusing nodes that would fall back to the CPU; writes how many as JSON.
import * as ort from "onnxruntime-node";
import type { GraphEntry } from "../../lib/artifact/manifest.ts";
import { builtins } from "../../lib/data/builtins.ts";
import { openDevice } from "../../lib/run/device.ts";
import { openGraph } from "../../lib/run/session.ts";
import { presets } from "../../models/presets.ts";
import { authorModel, type ModelRecipe } from "../../scripts/recipes/author-model.ts";
import { suggestFor } from "../../scripts/recipes/suggest-for.ts";

const device = await openDevice(ort, "webgpu", { strict: true });
const { lowering } = device;

/** The graphs of a preset as they are lowered, and its training step as it is for everybody too. */
async function load(recipe: Pick<ModelRecipe, "preset" | "objective">): Promise<number> {
  const source = presets[recipe.preset].data;
  const dataset = builtins[source]!(0);
  const suggestion = await suggestFor(dataset, presets[recipe.preset]);
  const { manifest, files } = authorModel({ ...recipe, source, opening: {}, lowering }, dataset, suggestion);
  const { sampling, ...single } = manifest.graphs;
  const entries: (GraphEntry | undefined)[] = [...Object.values(single), sampling[0]];
  const artifact = { manifest, where: recipe.preset, read: async (file: string) => files.get(file)! };
  let loaded = 0;
  const portable = { ...device, lowering: undefined };
  const opened = entries.flatMap((entry) => (entry ? [{ entry, on: device }] : []));
  for (const { entry, on } of [...opened, { entry: single.step, on: portable }]) {
    await using _graph = await openGraph({ ort, device: on }, artifact, entry);
    loaded++;
  }
  return loaded;
}

const recipes: readonly Pick<ModelRecipe, "preset" | "objective">[] = [
  { preset: "tiny" },
  { preset: "digits-iddpm" },
  { preset: "digits-energy" },
  { preset: "density", objective: "sliced" },
];
const loaded: number[] = [];
for (const recipe of recipes) loaded.push(await load(recipe));
console.log(JSON.stringify(loaded));
