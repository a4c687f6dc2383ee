// Opens what a command samples from or measures: a run, a model folder or a folder of diffusers.
import { isArtifact, openArtifact } from "../../lib/run/folder.ts";
import { type TrainedModel, trainedWeights } from "./run-folder.ts";

/** Opens a run, a model folder or a folder of diffusers. Throws UserError for anything else. */
export async function openTrained(folder: string): Promise<TrainedModel> {
  return (await foreign(folder)) ?? (await own(folder));
}

async function own(folder: string): Promise<TrainedModel> {
  const artifact = await openArtifact(folder);
  return { artifact, sampling: {}, weights: () => trainedWeights(artifact) };
}

/** A model of diffusers, whose graphs are authored here; models of our own do without the code that authors. */
async function foreign(folder: string): Promise<TrainedModel | undefined> {
  if (await isArtifact(folder)) return undefined;
  const { openDiffusers, unetFolder } = await import("./diffusers.ts");
  return (await unetFolder(folder)) ? openDiffusers(folder) : undefined;
}
