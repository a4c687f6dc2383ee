// Pixel values: the one place where bytes 0..255 and the model's [-1,1] are turned into each other.

/** A picture in memory: rows of interleaved bytes, 1 (grey) or 3 (RGB) channels. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** 0..255 to [-1,1]. */
export const byteToUnit = (byte: number): number => byte / 127.5 - 1;

/** [-1,1] to the nearest of 0..255; values outside are clamped and NaN becomes 0. */
export const unitToByte = (value: number): number =>
  Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5) || 0;

/** Writes all bytes as values in [-1,1] to out from `start` on. */
export function bytesToUnit(bytes: Uint8Array, out: Float32Array, start = 0): void {
  for (let i = 0; i < bytes.length; i++) out[start + i] = byteToUnit(bytes[i]!);
}

/** Interleaved pixels [H,W,C] as planes [C,H,W]. */
export function toPlanes(interleaved: Uint8Array, channels: number): Uint8Array {
  const area = interleaved.length / channels;
  const planes = new Uint8Array(interleaved.length);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < area; i++) planes[c * area + i] = interleaved[i * channels + c]!;
  return planes;
}
