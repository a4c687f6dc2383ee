// Pooling against PyTorch's numbers, and its gradients against differences.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { mul, sum } from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { avgPool, maxPool } from "../../../lib/author/nn/pooling.ts";
import { expectAgreement, randomFeeds, relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate } from "../../support/evaluate.ts";
import { ramp } from "../../support/ramp.ts";

const line = input("x", [1, 1, 7]);
const image = input("x", [1, 2, 5, 4]);
const volume = input("x", [1, 1, 3, 3, 4]);
const uneven = { kernel: [3, 2], stride: [2, 1], padding: 1 };

// PyTorch 2.15 in float64: ramp(shape) = sin(arange(1, 1 + n)).reshape(shape)
const golden: Record<string, [x: Tensor, y: Tensor, values: number[]]> = {
  // F.avg_pool1d(ramp(1, 1, 7), 2)
  "avgPool 1D": [line, avgPool(line, { kernel: 2 }), [0.87538421, -0.30784124, -0.61916989]],
  // F.avg_pool2d(ramp(1, 2, 5, 4), (3, 2), stride=(2, 1), padding=1)
  "avgPool 2D": [
    image,
    avgPool(image, uneven),
    [
      -0.01957555, 0.08540477, 0.23799809, 0.17177706, 0.03875929, -0.02110646, 0.00675533, 0.07907583,
      0.07869437, 0.02748034, -0.09020508, -0.05026839, 0.17329753, 0.2375345, 0.10417366, 0.11738398,
      0.24300184, 0.14397711, -0.08741951, -0.10577876, 0.0339877, 0.08458929, 0.07129419, -0.00754846,
      -0.02824106, 0.05939562, 0.19697083, 0.226844, 0.04815784, -0.04111095,
    ],
  ],
  // F.max_pool2d(ramp(1, 2, 5, 4), (3, 2), stride=(2, 1), padding=1)
  "maxPool 2D": [
    image,
    maxPool(image, uneven),
    [
      0.84147098, 0.90929743, 0.90929743, 0.98935825, 0.98935825, 0.42016704, 0.99060736, 0.99060736,
      0.98935825, 0.98935825, 0.42016704, 0.99060736, 0.99060736, 0.91294525, 0.91294525, 0.83665564,
      0.83665564, 0.95637593, 0.95637593, 0.27090579, 0.99991186, 0.99991186, 0.95637593, 0.95637593,
      0.55142668, 0.99991186, 0.99991186, 0.96379539, 0.96379539, 0.74511316,
    ],
  ],
  // F.max_pool3d(ramp(1, 1, 3, 3, 4), 2, stride=1)
  "maxPool 3D": [
    volume,
    maxPool(volume, { kernel: 2, stride: 1 }),
    [
      0.99060736, 0.99060736, 0.98935825, 0.83665564, 0.6569866, 0.98935825, 0.99060736, 0.99060736,
      0.95637593, 0.99991186, 0.52908269, 0.91294525,
    ],
  ],
};

describe.each(Object.entries(golden))("%s", (_, [x, y, values]) => {
  test("gives PyTorch's numbers, and ONNX Runtime the same", async () => {
    const feeds = { x: ramp(x.shape) };
    expect(relativeError(evaluate([y], feeds)[0]!, values)).toBeLessThan(1e-7);
    await expectAgreement([y], feeds);
  });

  test("has the right gradient", async () => {
    const [c, d] = [input("c", y.shape), input("d", x.shape)];
    const f = sum(mul(c, mul(y, y)));
    const [g] = gradient(f, [x]);
    const feeds = randomFeeds([f, d]);
    const wanted = directionalDifference(f, feeds, { x: feeds.d! });
    expect(relativeError(evaluate([sum(mul(g!, d))], feeds)[0]!, wanted)).toBeLessThan(1e-6);
    await expectAgreement([g!], feeds, 1e-5);
  });
});

describe("mistakes", () => {
  test("padding beyond half of the kernel", () => {
    expect(() => maxPool(image, { kernel: 3, padding: 2 })).toThrow(
      "maxPool: expected padding of at most half of the kernel [3,3], got [2,2,2,2]",
    );
  });

  test("a window larger than the image", () => {
    expect(() => avgPool(image, { kernel: 6 })).toThrow(
      "avgPool: expected at least [6,6] positions, got x [1,2,5,4]",
    );
  });
});
