// A resumed run's metrics hold each step once.
import { expect, test } from "bun:test";
import { metricsUpTo } from "../../lib/run/metrics-lines.ts";

const line = (step: number) => `${JSON.stringify({ step, loss: 1 / step })}\n`;

test("later lines go, earlier ones stay as they were", () => {
  expect(metricsUpTo(line(1) + line(2) + line(3), 2)).toBe(line(1) + line(2));
});

test("a torn line, a blank one and one without a step go", () => {
  expect(metricsUpTo(`${line(1)}\n{"loss":1}\nnull\n{"step":2,"lo`, 5)).toBe(line(1));
});

test("a last line without its line break is completed", () => {
  expect(metricsUpTo(line(1).trim(), 1)).toBe(line(1));
});

test("nothing stays nothing", () => {
  expect(metricsUpTo("", 5)).toBe("");
});
