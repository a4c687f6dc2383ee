// Bytes and [-1,1].

import { expect, test } from "bun:test";
import { bytesToUnit, byteToUnit, toPlanes, unitToByte } from "../../lib/images/pixels.ts";

test("every byte survives the way there and back through float32", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const out = new Float32Array(257);
  bytesToUnit(bytes, out, 1);
  expect(Array.from(out.subarray(1), unitToByte)).toEqual([...bytes]);
  expect([byteToUnit(0), byteToUnit(255), out[0]]).toEqual([-1, 1, 0]);
});

test("values outside [-1,1] are clamped, and NaN is black", () => {
  expect([-7, 7, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN].map(unitToByte)).toEqual([
    0, 255, 0, 255, 0,
  ]);
});

test("interleaved pixels become planes", () => {
  expect(toPlanes(Uint8Array.of(1, 2, 3, 4, 5, 6), 3)).toEqual(Uint8Array.of(1, 4, 2, 5, 3, 6));
});
