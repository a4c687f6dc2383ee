// The state of the pictures' page, which a link to it holds.
import type { PictureMethod, PictureTraining, WantedDevice } from "../engine/protocol.ts";
import { decodePicture, encodePicture } from "./picture-text.ts";
import { restingPlace, restingPlayback } from "./playback.ts";
import { type Entry, signalsOf, stored, storedChoice, storedNumber, storedText } from "./stored.ts";

export const taskTitles = {
  draw: "Samples",
  inpaint: "Fill in",
  edit: "From a sketch",
  between: "Between two",
};
export type Task = keyof typeof taskTitles;

export const showTitles = { x: "Noisy xₜ", denoised: "Predicted x₀" };

export const methodTitles = {
  "dpm-solver-2m": "DPM-Solver++ 2M",
  heun: "Heun (ODE)",
  euler: "Euler (ODE)",
  unipc: "UniPC",
  ddim: "DDIM",
  ancestral: "DDPM (ancestral)",
  "annealed-langevin": "Annealed Langevin",
  "predictor-corrector": "Predictor–corrector",
  "reverse-diffusion": "Reverse diffusion (SDE)",
  langevin: "Langevin",
} satisfies Partial<Record<PictureMethod, string>>;

export const dataTitles = { digits: "Digits", shapes: "Coloured shapes" };
export const presetTitles: Readonly<Record<PictureTraining["preset"], string>> = {
  tiny: "Tiny, seconds",
  digits: "U-Net, minutes",
};

/** Which model is open: the one that comes with the page, one that is trained here, dropped files, or else an address. */
export const shipped = "shipped";
export const trainedHere = "here";
export const droppedFiles = "dropped";

/** What a class is called in links and menus, whose order words keep and numbers would not. */
export const className = (label: number) => `class-${label}`;
export function classOf(name: string): number | undefined {
  const digits = /^class-(\d{1,4})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const keysOf = <T extends object>(titles: T) => Object.keys(titles) as (keyof T & string)[];
const seeds = { min: 0, max: 2 ** 31, integer: true };
const picture = stored<Float32Array>(new Float32Array(), { encode: encodePicture, decode: decodePicture });
const mask = stored<Float32Array>(new Float32Array(), { encode: encodePicture, decode: decodePicture });

const table = {
  model: storedText(shipped),
  task: storedChoice<Task>("draw", keysOf(taskTitles)),
  show: storedChoice<keyof typeof showTitles>("x", keysOf(showTitles)),
  method: storedChoice<keyof typeof methodTitles>("dpm-solver-2m", keysOf(methodTitles)),
  steps: storedNumber(20, { min: 4, max: 500, integer: true }),
  count: storedNumber(30, { min: 1, max: 60, integer: true }),
  /** "each", "none" or the name of a class. */
  label: storedText("each"),
  guidance: storedNumber(1, { min: 0, max: 8 }),
  seed: storedNumber(0, seeds),
  /** The other end of an interpolation. */
  to: storedNumber(1, seeds),
  strength: storedNumber(0.6, { min: 0, max: 1 }),
  /** On the easel, [C*H*W]; empty before it was used. */
  picture,
  /** 1 where the easel's picture is known and -1 where it is to be filled in, [H*W]; empty before it was used. */
  mask,
  data: storedChoice<keyof typeof dataTitles>("digits", keysOf(dataTitles)),
  preset: storedChoice<PictureTraining["preset"]>("digits", keysOf(presetTitles)),
  /** The steps that a training here is planned for, and those that it has done. */
  planned: storedNumber(600, { min: 5, max: 20000, integer: true }),
  trained: storedNumber(0, { min: 0, max: 20000, integer: true }),
  device: storedChoice<WantedDevice>("auto", ["auto", "webgpu", "wasm"]),
};

export const pictures = signalsOf(table);

/** Of the run that is shown. */
export const playback = restingPlayback();

export const picturesEntries: Readonly<Record<string, Entry>> = { ...table, at: restingPlace(playback) };
