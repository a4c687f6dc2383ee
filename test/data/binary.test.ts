// Binary data: heartbeats beat at one of five phases, and black and white digits are the grey ones, rounded.
import { expect, test } from "bun:test";
import { builtins } from "../../lib/data/builtins.ts";

test("a heartbeat beats in every fifth place, at each phase as often as at any other", async () => {
  const data = builtins.heartbeat!(3);
  const count = 2000;
  const sequences = new Float32Array(count * 20);
  await data.read(
    Array.from({ length: count }, (_, i) => i),
    sequences,
  );
  const phases = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const sequence = sequences.subarray(i * 20, (i + 1) * 20);
    const phase = sequence.indexOf(1);
    phases[phase]!++;
    expect([...sequence]).toEqual(Array.from({ length: 20 }, (_, at) => (at % 5 === phase ? 1 : -1)));
  }
  const chiSquare = phases.reduce((sum, n) => sum + (n - count / 5) ** 2 / (count / 5), 0);
  // The upper 1e-4 point of chi-square with 4 degrees of freedom.
  expect(chiSquare).toBeLessThan(23.5);
  expect(data.entropy).toBe(Math.log2(5));
});

test("binary digits are -1 and 1, nearest to the grey ones, with their labels", async () => {
  const indices = [4, 9, 1];
  const [grey, binary] = ["digits", "binary-digits"].map((name) => {
    const [images, labels] = [new Float32Array(3 * 784), new Int32Array(3)];
    return { images, labels, read: builtins[name]!(5).read(indices, images, labels) };
  });
  await Promise.all([grey!.read, binary!.read]);
  expect(binary!.labels).toEqual(grey!.labels);
  binary!.images.forEach((value, i) => {
    expect(Math.abs(value)).toBe(1);
    expect(Math.abs(value - grey!.images[i]!)).toBeLessThanOrEqual(1);
  });
});
