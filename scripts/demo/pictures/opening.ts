// Opens the model that the state names, and whatever files the page is given.
import { batch, effect } from "@preact/signals";
import type { Engine, NamedFile, PictureModel, PictureTraining } from "../engine/protocol.ts";
import { droppedFiles, pictures, shipped, trainedHere } from "../state/pictures.ts";
import { untrained } from "../state/training.ts";
import { complain, model, problem, run, status, training } from "./live.ts";
import { train } from "./training.ts";

/** Counts what was asked to open: only the latest is shown. */
let asked = 0;
/** The state's name of the model that is open, which stays open while the other part of the page is seen. */
let open: string | undefined;

/** Of the data and the first weights of trainings here; other noise is no other model. */
const SEED = 0;

/** Opens what the state names whenever it names another model, until the returned function is called. */
export function keepOpen(engine: Engine): () => void {
  return effect(() => {
    const name = pictures.model.value;
    queueMicrotask(() => void openNamed(engine, name));
  });
}

async function openNamed(engine: Engine, name: string): Promise<void> {
  if (name === open) return;
  if (name === droppedFiles) {
    // Files stay on the computer that they were dropped on.
    if (asked === 0) pictures.model.value = shipped;
  } else if (name === trainedHere) await trainHere(engine, pictures.trained.peek());
  else {
    const url = name === shipped ? new URL("models/digits/", document.baseURI).href : name;
    await show(name, () => engine.pictures.open({ url }));
  }
}

/** Opens a run or model folder, or a zip of one. */
export async function openFiles(engine: Engine, files: readonly NamedFile[]): Promise<void> {
  asked++;
  pictures.model.value = droppedFiles;
  await show(droppedFiles, () => engine.pictures.open({ files }));
}

/** Trains a model for the state's data from fresh weights, up to step `to`. */
export async function trainHere(engine: Engine, to: number): Promise<void> {
  await trainNew(engine, trainedHere, recipeFor(pictures.data.peek()), to);
}

/** Trains a model for images of one's own. */
export async function trainOn(engine: Engine, images: readonly Blob[]): Promise<void> {
  asked++;
  pictures.model.value = droppedFiles;
  await trainNew(engine, droppedFiles, recipeFor(images), pictures.planned.peek());
}

const recipeFor = (data: PictureTraining["data"]): PictureTraining => ({
  data,
  preset: pictures.preset.peek(),
  steps: pictures.planned.peek(),
  seed: SEED,
});

async function trainNew(engine: Engine, name: string, recipe: PictureTraining, to: number): Promise<void> {
  status.value = "Writing the model…";
  const opened = await show(name, () => engine.pictures.create(recipe));
  if (opened) await train(engine, to);
}

/** Shows a model once it is open, and until then the one before it; false where it cannot be opened, or another was asked for since. */
async function show(name: string, opening: () => Promise<PictureModel>): Promise<boolean> {
  const mine = ++asked;
  problem.value = "";
  open = undefined;
  try {
    const opened = await opening();
    if (mine !== asked) return false;
    open = name;
    batch(() => {
      run.value = undefined;
      model.value = opened;
      training.value = { ...untrained, step: opened.training?.step ?? 0 };
      status.value = `${opened.name} is open.`;
    });
    return true;
  } catch (error) {
    if (mine === asked) complain(error);
    return false;
  }
}
