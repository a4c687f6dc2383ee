// NumPy's array files, version 1.0 (numpy.lib.format).

import { writeAtomically } from "./write-atomically.ts";

const ALIGNMENT = 64;
const PREAMBLE = 10;

/** The bytes of a .npy file that holds float32 values in C order. Throws when the values do not fill the shape. */
export function encodeNpy(values: Float32Array, shape: readonly number[]): Uint8Array {
  const volume = shape.reduce((a, b) => a * b, 1);
  if (values.length !== volume)
    throw new Error(`encodeNpy: shape [${shape.join(",")}] needs ${volume} values, got ${values.length}`);
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((PREAMBLE + description.length + 1) / ALIGNMENT) * ALIGNMENT - PREAMBLE;
  const header = `\x93NUMPY\x01\x00${description.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(PREAMBLE + length + values.byteLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 8; i++) bytes[i] = header.charCodeAt(i);
  view.setUint16(8, length, true);
  for (let i = 0; i < length; i++) bytes[PREAMBLE + i] = header.charCodeAt(8 + i);
  for (let i = 0; i < values.length; i++) view.setFloat32(PREAMBLE + length + 4 * i, values[i]!, true);
  return bytes;
}

/** Writes images [N,C,H,W], or any float32 array, as a .npy file. */
export async function writeNpy(path: string, values: Float32Array, shape: readonly number[]): Promise<void> {
  await writeAtomically(path, encodeNpy(values, shape));
}
