// Points of the plane as text for an address: a byte for each coordinate, in base64url.
import { fromBase64url, toBase64url } from "./base64url.ts";

/** Drawn points lie in the square of this half side around the origin. */
export const drawnRadius = 2.5;
const STEPS = 255;

const toByte = (x: number): number =>
  Math.round((Math.min(1, Math.max(-1, x / drawnRadius)) + 1) * (STEPS / 2));
const fromByte = (byte: number): number => ((2 * byte) / STEPS - 1) * drawnRadius;

/** Points [n*2] as their link will show them: on a grid of 255 steps. */
export const quantised = (points: ArrayLike<number>): Float32Array =>
  Float32Array.from(points, (x) => fromByte(toByte(x)));

/** Points [n*2] as text; undoes `decodePoints`, to the step. */
export const encodePoints = (points: Float32Array): string => toBase64url(Uint8Array.from(points, toByte));

/** The points [n*2] that a text holds; undefined for a text that holds none. */
export function decodePoints(text: string): Float32Array | undefined {
  const bytes = fromBase64url(text);
  return bytes && bytes.length % 2 === 0 ? Float32Array.from(bytes, fromByte) : undefined;
}
