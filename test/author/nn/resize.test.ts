// Bilinear resizing against PyTorch's numbers and closed forms.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { mul, sum } from "../../../lib/author/graph/ops.ts";
import { resizeBilinear } from "../../../lib/author/nn/resize.ts";
import { expectAgreement, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import { ramp } from "../../support/ramp.ts";

// PyTorch 2.15 in float64: ramp = sin(arange(1, 13)).reshape(1, 1, 3, 4)
const golden: Record<string, [size: [number, number], alignCorners: boolean, values: number[]]> = {
  // F.interpolate(ramp, size=(5, 7), mode="bilinear", align_corners=False)
  enlarged: [
    [5, 7],
    false,
    [
      0.84147098, 0.86569471, 0.90445268, 0.52520872, 0.07698269, -0.43611589, -0.7568025, 0.12131288,
      0.2329198, 0.41149087, 0.39063945, 0.31848058, 0.0865921, -0.0583382, -0.95892427, -0.71624257,
      -0.32795184, 0.18878555, 0.68072743, 0.87065409, 0.98935825, -0.13629862, -0.24411299, -0.41661599,
      -0.38768918, -0.30784241, -0.07298582, 0.07379955, 0.41211849, 0.07064006, -0.47572543, -0.77200566,
      -0.96688897, -0.70207909, -0.53657292,
    ],
  ],
  // F.interpolate(ramp, size=(5, 7), mode="bilinear", align_corners=True)
  "enlarged, corners aligned": [
    [5, 7],
    true,
    [
      0.84147098, 0.87538421, 0.90929743, 0.52520872, 0.14112001, -0.30784124, -0.7568025, -0.05872664,
      0.12810716, 0.31494096, 0.35699713, 0.3990533, 0.25766559, 0.11627788, -0.95892427, -0.61916989,
      -0.2794155, 0.18878555, 0.6569866, 0.82317242, 0.98935825, -0.27340289, -0.3425606, -0.4117183,
      -0.29161005, -0.1715018, 0.02744543, 0.22639266, 0.41211849, -0.06595131, -0.54402111, -0.77200566,
      -0.99999021, -0.76828156, -0.53657292,
    ],
  ],
  // F.interpolate(ramp, size=(2, 3), mode="bilinear", align_corners=False)
  reduced: [[2, 3], false, [0.42816334, 0.44110293, -0.22187082, -0.02184679, -0.53180786, -0.22686611]],
  // F.interpolate(ramp, size=(2, 3), mode="bilinear", align_corners=True)
  "reduced, corners aligned": [
    [2, 3],
    true,
    [0.84147098, 0.52520872, -0.7568025, 0.41211849, -0.77200566, -0.53657292],
  ],
  // F.interpolate(ramp, size=(1, 1), mode="bilinear", align_corners=False)
  "of one row and column": [[1, 1], false, [0.18878555]],
  // F.interpolate(ramp, size=(1, 1), mode="bilinear", align_corners=True)
  "of one row and column, corners aligned": [[1, 1], true, [0.84147098]],
};

const x = input("x", [1, 1, 3, 4]);

describe("PyTorch's numbers", () => {
  test.each(Object.entries(golden))("%s", async (_, [size, alignCorners, values]) => {
    const y = resizeBilinear(x, size, { alignCorners });
    const feeds = { x: ramp(x.shape) };
    expect(relativeError(evaluate([y], feeds)[0]!, values)).toBeLessThan(1e-7);
    await expectAgreement([y], feeds);
  });
});

test.each([true, false])("the same size changes nothing (corners aligned: %p)", (alignCorners) => {
  const feeds = { x: ramp(x.shape) };
  expect(
    relativeError(evaluate([resizeBilinear(x, [3, 4], { alignCorners })], feeds)[0]!, feeds.x.data),
  ).toBe(0);
});

test("the gradient is the transposed interpolation: <y, c> = <x, gradient>", () => {
  const c = input("c", [1, 1, 5, 7]);
  const f = sum(mul(resizeBilinear(x, [5, 7]), c));
  const feeds = { x: ramp(x.shape), c: ramp(c.shape) };
  const [value, same] = evaluate([f, sum(mul(x, gradient(f, [x])[0]!))], feeds);
  expect(value![0]).toBeCloseTo(same![0]!, 12);
});

test("anything but images is refused", () => {
  expect(() => resizeBilinear(input("x", [3, 4]), [2, 2])).toThrow(
    "resizeBilinear: expected x [N,C,H,W], got [3,4]",
  );
});
