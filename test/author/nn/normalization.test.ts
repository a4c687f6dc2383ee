// Normalisation layers against PyTorch's numbers, closed forms, and their behaviour on hard inputs.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import { add, mul, sum } from "../../../lib/author/graph/ops.ts";
import type { Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { groupNorm, instanceNorm, layerNorm } from "../../../lib/author/nn/normalization.ts";
import { expectAgreement, randomFeeds, relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate } from "../../support/evaluate.ts";
import { ramp } from "../../support/ramp.ts";
import { runOnnx } from "../../support/run-onnx.ts";

// PyTorch 2.15 in float64: ramp(shape) = sin(arange(1, 1 + n)).reshape(shape), c = cos(arange(n)).reshape(shape)
const x = input("x", [2, 4, 2, 3]);
const weight = constant(Float32Array.of(1, 2, -1, 0.5));
const bias = constant(Float32Array.of(0, 1, 0, -1));
const feeds = { x: ramp(x.shape) };
const vector = (values: Float64Array, shape: Shape) => constant(Float32Array.from(values), shape);

const golden: Record<string, [y: Tensor, values: number[]]> = {
  // F.group_norm(ramp, 2, [1, 2, -1, 0.5], [0, 1, 0, -1])
  "group norm": [
    groupNorm(x, 2, weight, bias),
    [
      1.17686881, 1.27056649, 0.2093809, -1.03103884, -1.31025652, -0.37156071, 2.84403201, 3.7623303,
      2.16749425, -0.47419124, -1.73397271, -0.45361288, -0.55956277, -1.35056811, -0.87866151, 0.42228828,
      1.35619402, 1.06442707, -0.90761832, -0.37856131, -0.43145509, -1.01766936, -1.59824142, -1.639396,
      -0.24368852, 1.03258339, 1.30899526, 0.33141529, -1.001374, -1.46401229, -0.26230413, 2.46295765,
      3.74216764, 2.39922608, -0.33117275, -1.93871276, 1.00763971, -0.3611501, -1.33312635, -1.01465858,
      0.30145543, 1.40518652, -1.64088471, -1.02233662, -0.41563925, -0.37858737, -0.9452463, -1.59463244,
    ],
  ],
  // F.group_norm(ramp, 1)
  "group norm without weights": [
    groupNorm(x, 1),
    [
      1.16014339, 1.25400127, 0.19100132, -1.0515392, -1.33123427, -0.39093354, 0.90485485, 1.36478902,
      0.56600762, -0.75709342, -1.3880611, -0.74678665, 0.57714516, 1.36651753, 0.89558514, -0.40267894,
      -1.3346567, -1.04349209, 0.20311949, 1.25904911, 1.15347994, -0.01652821, -1.17527524, -1.25741447,
      -0.25332044, 1.03620182, 1.31548342, 0.32775414, -1.01887227, -1.4863137, -0.64480666, 0.73197116,
      1.37821659, 0.69977455, -0.67959847, -1.49171328, -0.98991527, 0.36444479, 1.3261745, 1.011064,
      -0.29117556, -1.38327115, -1.26115511, -0.03710036, 1.16350279, 1.23682536, 0.11545491, -1.16962574,
    ],
  ],
  // F.group_norm(ramp, 2, bias=[0, 1, 0, -1], eps=0.1)
  "group norm with a bias alone": [
    groupNorm(x, 2, undefined, bias, 0.1),
    [
      1.0784639, 1.16432697, 0.19187333, -0.94482762, -1.20069828, -0.34049233, 1.84492083, 2.26567782,
      1.5349366, 0.32453728, -0.25268459, 0.33396612, 0.51246339, 1.2368884, 0.80470302, -0.38674353,
      -1.24204077, -0.97483237, -0.8307885, 0.13826219, 0.04137895, -1.0323642, -2.09577277, -2.17115382,
      -0.22214458, 0.94129507, 1.19327, 0.30211563, -0.91284483, -1.33458233, 0.42464664, 1.66681046,
      2.24986945, 1.63776186, 0.39325659, -0.33945396, -0.91525699, 0.32803903, 1.21090227, 0.92163235,
      -0.2738173, -1.27635579, -2.16425386, -1.04057749, 0.06157043, 0.12888019, -0.90053249, -2.08023034,
    ],
  ],
  // F.instance_norm(ramp, weight=[1, 2, -1, 0.5], bias=[0, 1, 0, -1])
  "instance norm": [
    instanceNorm(x, weight, bias),
    [
      1.19011666, 1.28412302, 0.21944143, -1.02506476, -1.30520231, -0.36341404, 2.81955513, 3.7349371,
      2.14516591, -0.48813016, -1.74391083, -0.46761715, -0.56578793, -1.3529058, -0.88331842, 0.41123774,
      1.34055372, 1.05022069, -0.91168249, -0.37994279, -0.43310478, -1.02229157, -1.60580755, -1.64717081,
      -0.23581736, 1.03047911, 1.30473053, 0.3347914, -0.98758071, -1.44660298, -0.28457772, 2.46259733,
      3.75209318, 2.39835331, -0.3540001, -1.97446601, 1.00523585, -0.36149719, -1.33201295, -1.0140237,
      0.30011269, 1.4021853, -1.64229881, -1.02281658, -0.41520297, -0.37809513, -0.94560984, -1.59597669,
    ],
  ],
  // F.layer_norm(ramp, [2, 3], ramp(2, 3), 2 * ramp(2, 3))
  "layer norm over two axes": [
    layerNorm(
      x,
      [2, 3],
      vector(ramp([2, 3]).data, [2, 3]),
      vector(
        ramp([2, 3]).data.map((v) => 2 * v),
        [2, 3],
      ),
    ),
    [
      2.68439061, 2.98624461, 0.31320759, -0.73783342, -0.66625837, -0.45728748, 2.44849339, 3.06203049,
      0.36304293, -0.95049468, -0.6022472, -0.35379351, 2.15903609, 3.04878862, 0.40689392, -1.20237924,
      -0.63235905, -0.26538306, 1.83157521, 2.9462277, 0.44224053, -1.47986435, -0.75600142, -0.19717189,
      1.48450851, 2.75560686, 0.4663636, -1.76697596, -0.97083344, -0.15462771, 1.14247453, 2.48356285,
      0.47642772, -2.04274363, -1.26865677, -0.14327505, 0.83706517, 2.14730332, 0.47021369, -2.28102066,
      -1.6300632, -0.16703869, 0.60199035, 1.77710074, 0.44729314, -2.45492331, -2.02216065, -0.22578075,
    ],
  ],
  // F.layer_norm(ramp, [3])
  "layer norm without weights": [
    layerNorm(x, [-1]),
    [
      0.60716508, 0.80248642, -1.40965149, -0.32204704, -1.03146526, 1.3535123, -0.12329003, 1.28161701,
      -1.15832698, 0.68978007, -1.41392385, 0.72414378, -1.13871362, 1.29545965, -0.15674603, 1.34659263,
      -1.04723043, -0.2993622, -1.40831665, 0.81531485, 0.5930018, 1.41169247, -0.63336307, -0.7783294,
      -1.39435548, 0.49281801, 0.90153746, 1.36995714, -0.38106999, -0.98888714, -1.34326403, 0.28863392,
      1.05463012, 1.31578936, -0.20902308, -1.10676628, -1.28778408, 0.13775508, 1.150029, 1.25894674,
      -0.07156898, -1.18737776, -1.22866132, 0.00789705, 1.22076428, 1.1960368, 0.05550264, -1.25153945,
    ],
  ],
};

describe("PyTorch's numbers", () => {
  test.each(Object.entries(golden))("%s", async (_, [y, values]) => {
    expect(relativeError(evaluate([y], feeds)[0]!, values)).toBeLessThan(1e-7);
    await expectAgreement([y], feeds, 5e-6);
  });

  test("the gradients of group norm", async () => {
    const [w, b] = [input("w", [4]), input("b", [4])];
    const c = input("c", x.shape);
    const gradients = gradient(sum(mul(groupNorm(x, 2, w, b), c)), [x, w, b]);
    const all = {
      ...feeds,
      w: { data: [1, 2, -1, 0.5], shape: [4] },
      b: { data: [0, 1, 0, -1], shape: [4] },
      c: { data: Float64Array.from({ length: 48 }, (_, i) => Math.cos(i)), shape: x.shape },
    };
    // torch.autograd.grad((F.group_norm(ramp, 2, w, b) * c).sum(), [ramp, w, b])
    const values = [
      [
        -0.02220603, -0.77440944, -0.76874749, -0.01042577, 0.80335824, 0.92441527, 1.56785692, 0.42383473,
        -1.06398227, -1.527702, -0.54098267, 0.9889905, -1.0596596, -0.9765168, -0.01001712, 0.95124408,
        1.0234877, 0.14029327, 0.48711535, 0.9439736, 0.51849871, -0.39812967, -0.96316764, -0.65712189,
        0.88160545, 0.03286228, -0.81709196, -0.88681326, -0.11220018, 0.79457159, 1.21980523, 1.6193966,
        0.55912457, -0.98620166, -1.59581626, -0.7092424, -0.02643802, -1.02571447, -1.08764195, -0.15528462,
        0.91415249, 1.13743384, -0.56447468, 0.40370308, 0.99502991, 0.66584265, -0.28120546, -0.97540275,
      ],
      [7.27721039, 7.25589632, 7.26797832, 7.15417659],
      [-0.17631953, -0.03952564, 0.10041683, 0.23236015],
    ];
    for (const [i, got] of evaluate(gradients, all).entries())
      expect(relativeError(got, values[i]!)).toBeLessThan(1e-6);
    await expectAgreement(gradients, all, 1e-5);
  });
});

describe("properties", () => {
  test("second derivatives agree with differences", () => {
    const w = input("w", [4]);
    const d = input("d", x.shape);
    const f = sum(mul(groupNorm(x, 2, w), mul(x, x)));
    const slope = sum(mul(gradient(f, [x])[0]!, d));
    const all = randomFeeds([slope, w]);
    const second = sum(mul(gradient(slope, [x])[0]!, d));
    const wanted = directionalDifference(slope, all, { x: all.d! });
    expect(relativeError(evaluate([second], all)[0]!, wanted)).toBeLessThan(1e-6);
  });

  test("one and three spatial axes, and none", async () => {
    const shapes = [
      [2, 4],
      [2, 4, 5],
      [1, 4, 2, 2, 3],
    ]; // [N,C,...]
    for (const shape of shapes)
      await expectAgreement([groupNorm(input("y", shape), 2, weight, bias)], undefined, 5e-6);
  });

  test("a large mean does not drown the variance in float32", async () => {
    const [got] = await runOnnx([groupNorm(add(x, 1000), 2)], feeds);
    const [wanted] = evaluate([groupNorm(x, 2)], feeds);
    expect(relativeError(got!, wanted!)).toBeLessThan(1e-3);
  });

  test("a constant input gives the bias, with finite gradients", async () => {
    const flat = { x: { data: new Float64Array(48).fill(300), shape: x.shape } };
    const y = groupNorm(x, 2, weight, bias);
    const [values, slopes] = await runOnnx([y, gradient(sum(mul(y, y)), [x])[0]!], flat);
    expect(
      relativeError(
        values!,
        Array.from({ length: 48 }, (_, i) => [0, 1, 0, -1][Math.floor(i / 6) % 4]!),
      ),
    ).toBeLessThan(1e-3);
    expect(slopes!.every(Number.isFinite)).toBe(true);
  });

  test("groups that do not divide the channels are an error", () => {
    expect(() => groupNorm(x, 3)).toThrow(
      "groupNorm: expected a divisor of the 4 channels of [2,4,2,3], got 3 groups",
    );
  });
});
