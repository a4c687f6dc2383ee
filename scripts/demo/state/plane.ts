// The state of the plane's page, which a link to it holds.
import type { FamilyName, FieldSource, PlaneObjective, WantedDevice } from "../engine/protocol.ts";
import { decodePoints, encodePoints } from "./plane-points.ts";
import { restingPlace, restingPlayback } from "./playback.ts";
import {
  type Entry,
  signalsOf,
  stored,
  storedChoice,
  storedNumber,
  storedText,
  storedToggle,
} from "./stored.ts";

/** The densities in the order of their keys, 1 to 9 and 0. */
export const densityTitles = {
  "two-moons": "Two moons",
  "swiss-roll": "Swiss roll",
  "eight-gaussians": "Eight Gaussians",
  checkerboard: "Checkerboard",
  rings: "Rings",
  pinwheel: "Pinwheel",
  mixture: "Three Gaussians",
  "two-gaussians": "Two far Gaussians",
  word: "A word",
  drawn: "Draw your own",
};
export type DensityName = keyof typeof densityTitles;

export const objectiveTitles: Readonly<Record<PlaneObjective, string>> = {
  denoising: "Denoising",
  sliced: "Sliced",
  implicit: "Implicit",
  energy: "Energy-based",
};

export const familyTitles: Readonly<Record<FamilyName, string>> = {
  ncsn: "NCSN",
  vp: "VP",
  edm: "EDM",
  flow: "Flow",
};

export const methodTitles = {
  "annealed-langevin": "Annealed Langevin",
  langevin: "Langevin",
  ancestral: "DDPM (ancestral)",
  ddim: "DDIM",
  euler: "Euler (ODE)",
  heun: "Heun (ODE)",
  rk45: "RK45 (ODE)",
  "dpm-solver-2m": "DPM-Solver++ 2M",
  unipc: "UniPC",
  "euler-maruyama": "Euler–Maruyama (SDE)",
  "reverse-diffusion": "Reverse diffusion (SDE)",
  "predictor-corrector": "Predictor–corrector",
};
export type PlaneMethod = keyof typeof methodTitles;

export const heatTitles = { none: "None", density: "Log density", energy: "Energy", error: "Error" };
export const sourceTitles: Readonly<Record<FieldSource, string>> = { learned: "Network", true: "True score" };
export const guidanceTitles = { none: "None", left: "Left half", right: "Right half" };

/** Widths of the hidden layers. */
export const networks = { small: [32, 32], medium: [64, 64, 64], large: [128, 128, 128] };
export const networkTitles = { small: "2 × 32", medium: "3 × 64", large: "3 × 128" };
export const deviceTitles: Readonly<Record<WantedDevice, string>> = {
  auto: "Best",
  webgpu: "WebGPU",
  wasm: "WASM",
};

const keysOf = <T extends object>(titles: T) => Object.keys(titles) as (keyof T & string)[];
const among = <T extends string>(initial: T, titles: Readonly<Record<T, string>>) =>
  storedChoice<T>(initial, keysOf(titles));
const seeds = { min: 0, max: 2 ** 31, integer: true };

const drawn = stored<Float32Array>(new Float32Array(), { encode: encodePoints, decode: decodePoints });

const table = {
  density: among<DensityName>("two-moons", densityTitles),
  word: storedText("score"),
  points: drawn,
  /** Names data and network. */
  seed: storedNumber(0, seeds),
  /** Names the noise that samplers start from and draw. */
  noise: storedNumber(0, seeds),
  family: among<FamilyName>("ncsn", familyTitles),
  objective: among<PlaneObjective>("denoising", objectiveTitles),
  network: among<keyof typeof networks>("medium", networkTitles),
  rate: storedNumber(0.003, { min: 1e-5, max: 0.1 }),
  /** The step up to which the network trains. */
  trained: storedNumber(2000, { min: 0, max: 100000, integer: true }),
  source: among<FieldSource>("learned", sourceTitles),
  method: among<PlaneMethod>("annealed-langevin", methodTitles),
  steps: storedNumber(100, { min: 2, max: 1000, integer: true }),
  count: storedNumber(2000, { min: 100, max: 8000, integer: true }),
  compare: storedToggle(false),
  rival: among<PlaneMethod>("langevin", methodTitles),
  guidance: among<keyof typeof guidanceTitles>("none", guidanceTitles),
  weight: storedNumber(1, { min: 0, max: 8 }),
  /** The noise level that is looked at; 0: that of the run. */
  sigma: storedNumber(0, { min: 0, max: 1000 }),
  data: storedToggle(true),
  particles: storedToggle(true),
  trails: storedToggle(false),
  arrows: storedToggle(true),
  trueArrows: storedToggle(false),
  paths: storedToggle(false),
  heat: among<keyof typeof heatTitles>("none", heatTitles),
  /** Of the tour; 0: none. */
  chapter: storedNumber(0, { min: 0, max: 6, integer: true }),
  device: among<WantedDevice>("auto", deviceTitles),
};

export const plane = signalsOf(table);

/** Of the run that is shown. */
export const playback = restingPlayback();

export const planeEntries: Readonly<Record<string, Entry>> = { ...table, at: restingPlace(playback) };
