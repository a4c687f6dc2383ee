// The listing of an expression is legible and exact.
import { expect, test } from "bun:test";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import { add, conv, mul, pad, sigmoid, sum } from "../../../lib/author/graph/ops.ts";
import { print } from "../../../lib/author/graph/print.ts";

test("one line a node, shared nodes once, leaves by name or value", () => {
  const x = input("x", [1, 2, 8, 8]);
  const h = conv(x, input("weight", [4, 2, 3, 3]), undefined, { padding: 1, stride: 2 });
  const y = add(mul(mul(h, sigmoid(h)), 0.5), constant(new Float32Array(4), [4, 1, 1]));
  expect(print([y, sum(y, { axes: [2, 3] })])).toBe(
    [
      '%0 = Conv(x, weight) {"strides":[2,2],"pads":[1,1,1,1],"dilations":[1,1],"group":1} : float32[1,4,4,4]',
      "%1 = Sigmoid(%0) : float32[1,4,4,4]",
      "%2 = Mul(%0, %1) : float32[1,4,4,4]",
      "%3 = Mul(%2, 0.5) : float32[1,4,4,4]",
      "%4 = Add(%3, constant[4,1,1]) : float32[1,4,4,4]",
      '%5 = ReduceSum(%4) {"axes":[2,3],"keepdims":false} : float32[1,4]',
      "return %4, %5",
    ].join("\n"),
  );
});

test("numbers that JSON lacks are told apart", () => {
  const listed = print([pad(input("x", [3]), [1, 0], Number.NEGATIVE_INFINITY)]);
  expect(listed).toContain('%0 = Pad(x) {"pads":[1,0],"value":"-Infinity"} : float32[4]');
});

test("a leaf alone is its own listing", () => {
  expect(print([input("x", [3])])).toBe("return x");
});
