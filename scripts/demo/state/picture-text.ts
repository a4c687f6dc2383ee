// Pictures and masks as text for an address: sixteen levels, packed, in base64url.
import { deflateSync, inflateSync } from "fflate";
import { fromBase64url, toBase64url } from "./base64url.ts";

/** The darkest and the brightest are levels, and so is the middle of neither: -1, 1 and 14 between. */
const LEVELS = 15;

/** No picture that models of the page draw is larger. */
const MOST = 3 * 256 * 256;

const toLevel = (value: number): number => Math.round(((Math.min(1, Math.max(-1, value)) + 1) / 2) * LEVELS);
const fromLevel = (level: number): number => (2 * level) / LEVELS - 1;

/** Values in [-1,1] as their link will show them. */
export const quantised = (values: ArrayLike<number>): Float32Array =>
  Float32Array.from(values, (value) => fromLevel(toLevel(value)));

/** Values in [-1,1] as text; undoes `decodePicture`, to the level. */
export const encodePicture = (values: Float32Array): string =>
  toBase64url(deflateSync(Uint8Array.from(values, toLevel)));

/** The values that a text holds; undefined for a text that holds none. */
export function decodePicture(text: string): Float32Array | undefined {
  const packed = fromBase64url(text);
  if (packed === undefined) return undefined;
  try {
    // What does not fit is cut off.
    const levels = inflateSync(packed, { out: new Uint8Array(MOST + 1) });
    const whole = levels.length <= MOST && levels.every((level) => level <= LEVELS);
    return whole ? Float32Array.from(levels, fromLevel) : undefined;
  } catch {
    return undefined;
  }
}
