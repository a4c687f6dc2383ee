// What the page asks of its worker, and what it is answered: plain data, so that it can cross over.
import type { ObjectiveName } from "../../../lib/author/objectives/index.ts";
import type { denoiserMethods, MethodName } from "../../recipes/methods.ts";

export type WantedDevice = "auto" | "webgpu" | "wasm";

export interface DeviceReport {
  readonly device: "webgpu" | "wasm";
  readonly threads: number;
  /** What is used and why, as one quiet line. */
  readonly note: string;
}

/** Calls to the worker. */
export interface Engine {
  /** Loads ONNX Runtime for the wanted device, or the best there is; later calls answer what was chosen. */
  start(wanted: WantedDevice): Promise<DeviceReport>;
  readonly plane: PlaneEngine;
  readonly pictures: PictureEngine;
}

export interface TrainingProgress {
  readonly step: number;
  readonly totalSteps: number;
  /** Of the steps since the last report. */
  readonly losses: Float32Array;
  readonly stepsPerSecond: number;
}

/** One step of a sampler; the plane's first frame is step 0, where the particles start. */
interface Frame {
  readonly step: number;
  /** Steps in all; undefined where the data decide. */
  readonly steps: number | undefined;
  /** The noise of x, which the next step takes it for; 0 when it is denoised. */
  readonly sigma: number;
  /** Evaluations of each sample so far. */
  readonly nfe: number;
  /** In VE coordinates: data plus noise of standard deviation sigma. */
  readonly x: Float32Array;
}

export interface MethodChoice {
  readonly method: MethodName;
  /** Budget of evaluations; absent: the model's own schedule. */
  readonly steps?: number | undefined;
  readonly eta?: number | undefined;
  readonly churn?: number | undefined;
  readonly seed: number;
}

// The plane

export type FamilyName = "ncsn" | "vp" | "edm" | "flow";
/** "energy" is denoising with a network whose score is the gradient of a scalar. */
export type PlaneObjective = Extract<ObjectiveName, "denoising" | "sliced" | "implicit"> | "energy";
/** Whose score moves the particles: the network's, or the density's own, which needs no network. */
export type FieldSource = "learned" | "true";

export interface PlaneSetup {
  /** A built-in density by name, or points [n*2] of one's own. */
  readonly density: string | Float32Array;
  readonly objective: PlaneObjective;
  readonly family: FamilyName;
  /** Widths of the network's hidden layers. */
  readonly hidden: readonly number[];
  readonly learningRate: number;
  readonly seed: number;
}

export interface PlaneInfo {
  /** The square that the data fill: its centre and half its side. */
  readonly centre: readonly [number, number];
  readonly radius: number;
  readonly sigmaData: number;
  /** The noise levels of the family, descending. */
  readonly sigmas: readonly number[];
  /** Samples of the density, [n*2], for the layer of data. */
  readonly data: Float32Array;
}

export interface NetworkInfo {
  readonly parameters: number;
  readonly totalSteps: number;
}

export interface PlaneSampling extends MethodChoice {
  /** Samplers that run side by side; a new request replaces the one of the same panel. */
  readonly panel: number;
  readonly source: FieldSource;
  readonly count: number;
  /** Steers towards the half of the density that is on this side of its centre, with this weight (classifier guidance). */
  readonly guidance?: { readonly side: "left" | "right"; readonly weight: number } | undefined;
}

export interface PlaneFrame extends Frame {
  /** Energy distance to the density blurred by sigma. */
  readonly distance: number;
}

export interface FieldRequest {
  readonly sigma: number;
  /** Cells per side of the grid over `centre` ± `extent`, row by row from the lower left. */
  readonly cells: number;
  readonly extent: number;
  readonly source: FieldSource;
}

export interface PlaneField {
  /** [cells*cells*2], in VE coordinates. */
  readonly score: Float32Array;
  /** The density's own score, for errors. */
  readonly trueScore: Float32Array;
  /** Log of the true density blurred by sigma, [cells*cells]. */
  readonly logDensity: Float32Array;
  /** Of the network, where it is an energy. */
  readonly energy: Float32Array | undefined;
}

export interface PlaneEngine {
  /** Opens a density and a family without a network: answers at once, before ONNX Runtime is there. */
  open(setup: PlaneSetup): Promise<PlaneInfo>;
  /** Authors a network for the setup that is open, with fresh weights. */
  author(): Promise<NetworkInfo>;
  /** Trains up to step `to`, and resolves there or when paused. */
  train(to: number, report: (progress: TrainingProgress) => void): Promise<void>;
  pause(): Promise<void>;
  /** Resolves after the last frame; false when another request took its place. */
  sample(request: PlaneSampling, show: (frame: PlaneFrame) => void): Promise<boolean>;
  field(request: FieldRequest): Promise<PlaneField>;
}

// Pictures

/** A dropped file, with its path where it lay in a dropped folder. */
export interface NamedFile {
  readonly path: string;
  readonly file: Blob;
}

/** A model folder by address, or the files of one (a run folder, a model folder or a zip of either). */
export type ModelSource = { readonly url: string } | { readonly files: readonly NamedFile[] };

export interface PictureModel {
  readonly name: string;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** Whether it was trained with hidden classes too, so that guidance has something to push away from. */
  readonly guidable: boolean;
  readonly parameters: number;
  readonly sigmas: readonly number[];
  readonly method: PictureMethod;
  /** Where training stands and how far it is planned, of a run that can go on. */
  readonly training: { readonly step: number; readonly totalSteps: number } | undefined;
}

/** The methods that ask for the denoised alone, which masks and drawings change. */
export type PictureMethod = keyof typeof denoiserMethods;

/** An image, [C*H*W] in [-1,1]. */
export type Picture = Float32Array;

export interface PictureSampling extends MethodChoice {
  readonly method: PictureMethod;
  readonly count: number;
  /** One class for all; "each" for one after another; undefined for the unconditional model. */
  readonly label: number | "each" | undefined;
  /** 1 is the conditional model. */
  readonly guidance: number;
  /** Keep the known picture where the mask is 1 (inpainting). */
  readonly inpaint?: { readonly known: Picture; readonly mask: Float32Array } | undefined;
  /** Start from this picture with noise, at a share 0..1 of the levels (SDEdit; Meng et al. 2022). */
  readonly edit?: { readonly from: Picture; readonly strength: number } | undefined;
  /** Tiles go from the noise of one seed to that of another, on the sphere. */
  readonly interpolate?: { readonly to: number } | undefined;
}

export interface PictureFrame extends Frame {
  /** What the model takes the pictures for, [count*C*H*W]. */
  readonly denoised: Float32Array;
}

export interface PictureTraining {
  readonly data: "digits" | "shapes" | readonly Blob[];
  readonly preset: "tiny" | "digits";
  readonly steps: number;
  readonly seed: number;
}

export interface PictureEngine {
  open(source: ModelSource): Promise<PictureModel>;
  sample(request: PictureSampling, show: (frame: PictureFrame) => void): Promise<boolean>;
  /** Authors a model for the data, with fresh weights, and makes it the open model. */
  create(training: PictureTraining): Promise<PictureModel>;
  /** Trains the open run up to step `to`; resolves there or when paused. Pictures drawn meanwhile show how far it is. */
  train(to: number, report: (progress: TrainingProgress) => void): Promise<void>;
  pause(): Promise<void>;
  /** The open run as a zip of its folder, which `bun scripts/train.ts --resume` goes on with. */
  download(): Promise<Uint8Array>;
}
