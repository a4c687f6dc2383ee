// Opens a model of pictures: its artifact, its weights, and where its training stands if it can go on.
import { manifestFile } from "../../../lib/artifact/graph-files.ts";
import { type Manifest, parseManifest } from "../../../lib/artifact/manifest.ts";
import { UserError } from "../../../lib/errors.ts";
import {
  checkpointsFolder,
  newestCheckpoint,
  newestFirst,
  type TrainingState,
} from "../../../lib/run/checkpoint-files.ts";
import { parseJson, sha256 } from "../../../lib/run/contents.ts";
import { metricsFile, metricsUpTo } from "../../../lib/run/metrics-lines.ts";
import type { Artifact } from "../../../lib/run/session.ts";
import { flatWeights, weightsFile } from "../../../lib/run/weight-files.ts";
import type { Folder } from "./pictures-folder.ts";

export interface OpenedModel {
  readonly artifact: Artifact;
  /** The averaged weights. */
  readonly weights: Float32Array;
  /** Where training stands, of a run that can go on. */
  readonly state: TrainingState | undefined;
  /** Its metrics up to there. */
  readonly metrics: string;
}

/** Opens a run or model folder. Throws UserError for one that this build cannot read, and for models of points. */
export async function openModel(folder: Folder): Promise<OpenedModel> {
  const manifest = await readManifest(folder);
  requirePictures(manifest, folder);
  const artifact = { manifest, where: folder.where, read: (file: string) => required(folder, file) };
  const state = await trainedState(folder, manifest);
  if (state === undefined)
    return { artifact, state, weights: await ownWeights(folder, manifest), metrics: "" };
  const resumable = folder.paths?.includes(manifest.graphs.step.file);
  return {
    artifact,
    state: resumable ? state : undefined,
    weights: state.tensors.ema!,
    metrics: await metricsUntil(folder, state.step),
  };
}

async function metricsUntil(folder: Folder, step: number): Promise<string> {
  const bytes = await folder.read(metricsFile);
  return bytes ? metricsUpTo(new TextDecoder().decode(bytes), step) : "";
}

async function readManifest(folder: Folder): Promise<Manifest> {
  const path = `${folder.where}/${manifestFile}`;
  const bytes = await folder.read(manifestFile);
  if (bytes === undefined)
    throw new UserError(
      `${folder.where}: expected a run or model folder with a ${manifestFile}, there is none`,
    );
  return parseManifest(parseJson(new TextDecoder().decode(bytes), path), path);
}

function requirePictures({ data: { shape } }: Manifest, { where }: Folder): void {
  if (shape.length === 3 && (shape[0] === 1 || shape[0] === 3)) return;
  throw new UserError(
    `${where}: expected a model of grey or colour pictures, this one is of samples [${shape}]`,
  );
}

async function required({ where, read }: Folder, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await read(file);
  if (bytes === undefined) throw new UserError(`${where}: expected ${file}, there is none`);
  return bytes;
}

/** The newest checkpoint's state; undefined where there is none, or no telling. */
async function trainedState(folder: Folder, manifest: Manifest): Promise<TrainingState | undefined> {
  const inside = `${checkpointsFolder}/`;
  const names = (folder.paths ?? [])
    .filter((path) => path.startsWith(inside))
    .map((path) => path.slice(inside.length).split("/")[0]!);
  const found = await newestCheckpoint(
    {
      where: `${folder.where}/${checkpointsFolder}`,
      names: newestFirst(new Set(names)),
      fetch: async (name) => {
        const bytes = await required(folder, inside + name);
        return { bytes, digest: await sha256(bytes) };
      },
    },
    manifest,
  );
  return found?.state;
}

/** The weights of a model folder, or of the one in a run that has ended. */
async function ownWeights(folder: Folder, manifest: Manifest): Promise<Float32Array> {
  for (const place of ["", "model/"]) {
    const path = `${place}${manifest.model.folder}/${weightsFile}`;
    const bytes = await folder.read(path);
    if (bytes) return flatWeights(manifest, bytes, `${folder.where}/${path}`);
  }
  throw new UserError(`${folder.where}: no weights in ${manifest.model.folder}/ and no checkpoint`);
}
