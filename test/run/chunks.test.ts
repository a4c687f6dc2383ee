// Chunks cover every count with little padding and few runs.
import { expect, test } from "bun:test";
import { UserError } from "../../lib/errors.ts";
import { planChunks } from "../../lib/run/chunks.ts";

test("every count is covered, largest chunks first, and no chunk could be left out", () => {
  for (const sizes of [[1], [4], [1, 16], [16, 1, 4], [3, 7]])
    for (let count = 1; count <= 70; count++) {
      const plan = planChunks(sizes, count);
      const total = plan.reduce((sum, size) => sum + size, 0);
      expect(total).toBeGreaterThanOrEqual(count);
      expect(total - plan.at(-1)!).toBeLessThan(count);
      expect(plan).toEqual(plan.toSorted((a, b) => b - a));
    }
});

test("padding is weighed against runs", () => {
  expect(planChunks([1, 16], 15)).toEqual([16]);
  expect(planChunks([1, 16], 18)).toEqual([16, 1, 1]);
  expect(planChunks([4, 16], 5)).toEqual([4, 4]);
  expect(planChunks([1, 8, 64], 200)).toEqual([64, 64, 64, 8]);
});

test("a limit keeps larger graphs out unless there are no others", () => {
  expect(planChunks([1, 16], 3, 4)).toEqual([1, 1, 1]);
  expect(planChunks([8, 16], 3, 4)).toEqual([8]);
});

test("no images cannot be sampled", () => {
  for (const count of [0, -1, 1.5, Number.NaN]) expect(() => planChunks([1], count)).toThrow(UserError);
});
