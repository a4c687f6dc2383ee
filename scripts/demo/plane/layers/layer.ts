// What a layer is: something that can be drawn of a scene.
import type { PlaneField, PlaneInfo } from "../../engine/protocol.ts";
import type { Run } from "../run.ts";
import type { View } from "../view.ts";

export interface Palette {
  readonly ink: string;
  readonly quiet: string;
  readonly blue: string;
  readonly orange: string;
  readonly green: string;
  readonly purple: string;
}

/** The field on a grid around the centre of the data, as it was asked for. */
export interface ShownField extends PlaneField {
  readonly sigma: number;
  readonly cells: number;
  readonly extent: number;
}

export interface Scene {
  readonly view: View;
  /** Undefined before a density is open. */
  readonly info: PlaneInfo | undefined;
  /** The side of the canvas in pixels, and how many of them are as wide as one of the page. */
  readonly side: number;
  readonly pixel: number;
  readonly palette: Palette;
  /** The noise level that is looked at. */
  readonly sigma: number;
  readonly run: Run | undefined;
  /** The place in the run. */
  readonly at: number;
  readonly field: ShownField | undefined;
  /** What is being drawn, [n*2]. */
  readonly sketch: Float32Array | undefined;
  /** Of the probability flow. */
  readonly paths: Run | undefined;
}

export type Layer = (context: CanvasRenderingContext2D, scene: Scene) => void;
