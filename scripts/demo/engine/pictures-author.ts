// Authors a model of pictures in the page.
import { builtins } from "../../../lib/data/builtins.ts";
import type { Dataset } from "../../../lib/data/dataset.ts";
import type { Device } from "../../../lib/run/device.ts";
import type { Artifact } from "../../../lib/run/session.ts";
import { presets } from "../../../models/presets.ts";
import { authorModel, type ModelRecipe } from "../../recipes/author-model.ts";
import { suggestFor } from "../../recipes/suggest-for.ts";
import { decodeImages, opening } from "./pictures-decode.ts";
import type { PictureTraining } from "./protocol.ts";

interface NewRun {
  readonly artifact: Artifact;
  readonly seed: number;
  readonly dataset: Dataset;
}

/** A run with fresh weights, whose graphs are written for this device too. Throws UserError where the files are no images. */
export async function authorPictures(
  training: PictureTraining,
  { lowering }: Pick<Device, "lowering">,
): Promise<NewRun> {
  const { preset, steps, seed } = training;
  const { dataset, source } = await chosen(training);
  const { manifest, files } = authorModel(
    { preset, steps, lowering, ...source },
    dataset,
    await suggestFor(dataset, presets[preset]),
  );
  const artifact = {
    manifest,
    where: dataset.name === preset ? preset : `${dataset.name}-${preset}`,
    read: async (file: string) => files.get(file)!,
  };
  return { artifact, seed, dataset };
}

type Source = Pick<ModelRecipe, "source" | "opening">;

/** The data, and how the command line finds them again. */
async function chosen({ data, seed }: PictureTraining): Promise<{ dataset: Dataset; source: Source }> {
  if (typeof data === "string")
    return { dataset: builtins[data]!(seed), source: { source: data, opening: {} } };
  return { dataset: await decodeImages(data), source: { source: "images", opening } };
}
