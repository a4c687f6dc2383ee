// Dequantised values stay in the bin of their byte, and the bins fill [-1, 1].
import { expect, test } from "bun:test";
import { BIN_WIDTH, dequantised } from "../../lib/theory/dequantisation.ts";

const at = (byte: number, uniform: number) =>
  dequantised(Math.fround(byte / 127.5 - 1), { uniform: () => uniform });

test("each bin begins where the one before ends", () => {
  const almostOne = 1 - 2 ** -24;
  expect(at(0, 0)).toBe(-1);
  for (let byte = 0; byte < 255; byte++) {
    expect(at(byte + 1, 0) - at(byte, 0)).toBeCloseTo(BIN_WIDTH, 12);
    expect(at(byte, almostOne)).toBeLessThan(at(byte + 1, 0));
  }
  expect(at(255, almostOne)).toBeLessThan(1);
  expect(at(255, 1)).toBe(1);
});

test("values beyond the ends count as the ends", () => {
  const middle = { uniform: () => 0.5 };
  expect(dequantised(1.2, middle)).toBe(at(255, 0.5));
  expect(dequantised(-1.01, middle)).toBe(at(0, 0.5));
});
