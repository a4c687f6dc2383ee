// The cache of decoded images keeps its budget.

import { expect, test } from "bun:test";
import { ByteCache } from "../../lib/data/byte-cache.ts";

test("holds what fits, returns copies by index, and never more than the budget", () => {
  const cache = new ByteCache(5000, 10, 20_009);
  for (let i = 0; i < 5000; i++) cache.set(i, new Uint8Array(10).fill(i % 256));
  const kept = Array.from({ length: 5000 }, (_, i) => i).filter((i) => cache.get(i));
  expect(kept).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  expect(cache.get(1500)).toEqual(new Uint8Array(10).fill(1500 % 256));
});

test("a stored array does not follow later changes of its source", () => {
  const cache = new ByteCache(1, 2, 100);
  const source = Uint8Array.of(1, 2);
  cache.set(0, source);
  source[0] = 9;
  cache.set(0, source);
  expect(cache.get(0)).toEqual(Uint8Array.of(1, 2));
});
