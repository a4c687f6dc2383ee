// Optimizers against PyTorch 2.15 (torch.optim in float64, four steps of the gradients below).
import { expect, test } from "bun:test";
import type { OptimizerEntry } from "../../../lib/artifact/manifest.ts";
import { input, scalar } from "../../../lib/author/graph/constant.ts";
import { clipByNorm, norm } from "../../../lib/author/optim/clip.ts";
import { slotNames, update } from "../../../lib/author/optim/optimizers.ts";
import { evaluate } from "../../support/evaluate.ts";

const shared = { warmupSteps: 0, decay: "constant", totalSteps: 4 } as const;
const adamw = {
  kind: "adamw",
  ...shared,
  slots: ["m", "v"],
  learningRate: 0.1,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
} as const;

const cases: [name: string, settings: OptimizerEntry, afterFourSteps: number[]][] = [
  [
    "AdamW(lr=.1, weight_decay=.01)",
    { ...adamw, weightDecay: 0.01, clipNorm: null },
    [0.608235092193, -1.592611596096, 0.253814454824],
  ],
  [
    "AdamW(lr=.1, weight_decay=0) after clip_grad_norm_(.5)",
    { ...adamw, weightDecay: 0, clipNorm: 0.5 },
    [0.605905282727, -1.60465753299, 0.252291391949],
  ],
  [
    "SGD(lr=.1, momentum=.9, weight_decay=.01)",
    {
      kind: "sgd",
      ...shared,
      slots: ["velocity"],
      learningRate: 0.1,
      momentum: 0.9,
      weightDecay: 0.01,
      clipNorm: null,
    },
    [0.434783492331, -1.078411976702, 0.476474009651],
  ],
  [
    "RMSprop(lr=.01, alpha=.99, momentum=.5, weight_decay=.01)",
    {
      kind: "rmsprop",
      ...shared,
      slots: ["meanSquare", "velocity"],
      learningRate: 0.01,
      smoothing: 0.99,
      momentum: 0.5,
      epsilon: 1e-8,
      weightDecay: 0.01,
      clipNorm: null,
    },
    [0.4632509107, -1.551274504266, -0.067031508774],
  ],
];

const vector = (name: string) => input(name, [3]);
const gradientOf = (step: number) => [0.3 * step, -1, 0.02 * (step - 1)];

for (const [name, settings, wanted] of cases) {
  test(`four steps equal torch.optim.${name}`, () => {
    const slots = slotNames(settings.kind);
    expect(settings.slots).toEqual([...slots]);
    const next = update(settings, {
      params: vector("params"),
      gradient: clipByNorm(vector("gradient"), norm(vector("gradient")), settings.clipNorm),
      slots: Object.fromEntries(slots.map((slot) => [slot, vector(slot)])),
      schedule: {
        learningRate: input("learning_rate", []),
        firstCorrection: input("first_correction", []),
        secondCorrection: input("second_correction", []),
      },
      share: 1,
    });
    const state: Record<string, ArrayLike<number>> = { params: [1, -2, 0.5] };
    for (const slot of slots) state[slot] = [0, 0, 0];
    for (let step = 1; step <= 4; step++) {
      const vectors = { ...state, gradient: gradientOf(step) };
      const scalars = {
        learning_rate: settings.learningRate,
        first_correction: 1 - 0.9 ** step,
        second_correction: 1 - 0.999 ** step,
      };
      const feeds = {
        ...Object.fromEntries(Object.entries(vectors).map(([key, data]) => [key, { data, shape: [3] }])),
        ...Object.fromEntries(
          Object.entries(scalars).map(([key, value]) => [key, { data: [value], shape: [] }]),
        ),
      };
      const results = evaluate([next.params, ...slots.map((slot) => next.slots[slot]!)], feeds);
      for (const [i, key] of ["params", ...slots].entries()) state[key] = results[i]!;
    }
    // Constants of the expression are float32, which bounds the agreement.
    for (const [i, value] of wanted.entries()) expect(state.params![i]).toBeCloseTo(value, 6);
  });
}

test.each(cases)("a step of which no share is taken changes nothing: %s", (_, settings) => {
  const slots = Object.fromEntries(slotNames(settings.kind).map((slot) => [slot, vector(slot)]));
  const schedule = {
    learningRate: scalar(0.1),
    firstCorrection: scalar(0.1),
    secondCorrection: scalar(0.001),
  };
  const next = update(settings, {
    params: vector("params"),
    gradient: vector("gradient"),
    slots,
    schedule,
    share: 0,
  });
  const names = ["params", ...Object.keys(slots)];
  const feeds = Object.fromEntries(
    [...names, "gradient"].map((name, i) => [name, { data: [0.1 + i, 1e-30, 3e7], shape: [3] }]),
  );
  const results = evaluate([next.params, ...Object.values(next.slots)], feeds);
  for (const [i, name] of names.entries()) expect([...results[i]!]).toEqual(feeds[name]!.data);
});

test("clipping leaves a short gradient and a zero gradient alone", () => {
  const gradient = vector("gradient");
  const clipped = (data: number[]) =>
    Array.from(evaluate([clipByNorm(gradient, norm(gradient), 5)], { gradient: { data, shape: [3] } })[0]!);
  expect(clipped([0, 0, 0])).toEqual([0, 0, 0]);
  expect(clipped([1, -2, 2])).toEqual([1, -2, 2]);
  expect(Math.hypot(...clipped([10, -20, 20]))).toBeCloseTo(5, 6);
});
