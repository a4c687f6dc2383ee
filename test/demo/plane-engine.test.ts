// The engine of the plane, with ONNX Runtime for the processor in the place of the browser's.
import { beforeAll, describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { densities } from "../../lib/data/densities/index.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { energyDistance } from "../../lib/theory/energy-distance.ts";
import { planeEngine } from "../../scripts/demo/engine/plane.ts";
import type {
  FamilyName,
  PlaneEngine,
  PlaneFrame,
  PlaneSampling,
  PlaneSetup,
} from "../../scripts/demo/engine/protocol.ts";

const host = async () => ({ ort, device: await openDevice(ort, "cpu") });
const withoutRuntime = () => planeEngine(() => Promise.reject(new Error("no runtime is needed for this")));

const setup: PlaneSetup = {
  density: "mixture",
  objective: "denoising",
  family: "ncsn",
  hidden: [64, 64],
  learningRate: 3e-3,
  seed: 0,
};
const request: PlaneSampling = { method: "ddim", steps: 20, seed: 1, panel: 0, source: "true", count: 1000 };

async function frames(engine: PlaneEngine, chosen: Partial<PlaneSampling> = {}): Promise<PlaneFrame[]> {
  const shown: PlaneFrame[] = [];
  expect(await engine.sample({ ...request, ...chosen }, (frame) => shown.push(frame))).toBe(true);
  return shown;
}

const { mixture } = densities.mixture!.make(0).density!;
const truth = Array.from({ length: 1000 }, (_, i) => [...mixture.sample(stream(9, "truth", i))]).flat();
const left = (x: Float32Array, middle: number) =>
  (2 * x.filter((value, i) => i % 2 === 0 && value < middle).length) / x.length;

describe("the true score, before there is a runtime", () => {
  test.each<FamilyName>(["ncsn", "vp", "edm", "flow"])(
    "%s opens and its paths end at the data",
    async (family) => {
      const engine = withoutRuntime();
      const info = await engine.open({ ...setup, family });
      const { centre, radius, data, sigmas } = info;
      for (const [i, value] of data.entries())
        expect(Math.abs(value - centre[i % 2]!)).toBeLessThanOrEqual(1.000001 * radius);
      expect([...sigmas].sort((a, b) => b - a)).toEqual([...sigmas]);
      const { x } = (await frames(engine, { method: "dpm-solver-2m", steps: 40 })).at(-1)!;
      // Two clouds of a thousand exact samples come out at -0.001 ± 0.002, a displacement by 0.2 at 0.014.
      expect(energyDistance(x, truth, 2)).toBeLessThan(0.01);
    },
  );

  const budgets: [PlaneSampling["method"], number | undefined][] = [
    ["annealed-langevin", undefined],
    ["ancestral", 60],
    ["euler", 40],
    ["heun", 41],
    ["unipc", 20],
    ["predictor-corrector", 79],
    ["rk45", undefined],
    ["reverse-diffusion", 100],
    ["euler-maruyama", 100],
  ];
  test.each(budgets)("%s: every step is shown, and the end is the data", async (method, steps) => {
    const engine = withoutRuntime();
    const { sigmas } = await engine.open(setup);
    const shown = await frames(engine, { method, steps });
    expect(shown.map(({ step }) => step)).toEqual([...shown.keys()]);
    const [start, end] = [shown[0]!, shown.at(-1)!];
    expect(start).toMatchObject({ sigma: sigmas[0]!, nfe: 0 });
    const spread = Math.sqrt(start.x.reduce((sum, value) => sum + value * value, 0) / start.x.length);
    // Of 2000 normals: a deviation of five of its standard errors, one seed in a million.
    expect(Math.abs(spread / sigmas[0]! - 1)).toBeLessThan(0.08);
    expect(end.sigma).toBe(0);
    if (steps) expect(end.nfe).toBeLessThanOrEqual(steps);
    expect(energyDistance(end.x, truth, 2)).toBeLessThan(0.01);
    // Two clouds of four hundred come out at 0.017 at most, twenty times.
    expect(end.distance).toBeLessThan(0.03);
    expect(start.distance).toBeLessThan(0.03 * sigmas[0]!);
  });

  test("Langevin dynamics starts beside the data and stays at the last level until it denoises", async () => {
    const engine = withoutRuntime();
    const { sigmas } = await engine.open(setup);
    const levels = (await frames(engine, { method: "langevin", steps: 30 })).map(({ sigma }) => sigma);
    expect(levels).toEqual([...Array(30).fill(sigmas.at(-1)), 0]);
  });

  test("the same seed moves the same particles to the bit, another one others", async () => {
    const engine = withoutRuntime();
    await engine.open(setup);
    const [first, again, other] = [
      await frames(engine, { method: "ancestral" }),
      await frames(engine, { method: "ancestral", panel: 1 }),
      await frames(engine, { method: "ancestral", seed: 2 }),
    ];
    expect(again).toEqual(first);
    expect(other.at(-1)!.x).not.toEqual(first.at(-1)!.x);
  });

  test("guidance moves mass to its side: all of it at weight 1, where it is the side's own score", async () => {
    const engine = withoutRuntime();
    const { centre } = await engine.open({ ...setup, density: "two-moons" });
    const share = async (side: "left" | "right", weight: number) =>
      left((await frames(engine, { guidance: { side, weight } })).at(-1)!.x, centre[0]);
    expect(await share("left", 1)).toBeGreaterThan(0.98);
    expect(await share("right", 1)).toBeLessThan(0.02);
    expect(await share("left", 0)).toBe(left((await frames(engine)).at(-1)!.x, centre[0]));
  });

  test("drawn points are a density; what is none is refused in one line", async () => {
    const engine = withoutRuntime();
    const density = Float32Array.of(0, 0, 1, 1, 1, 0);
    const info = await engine.open({ ...setup, density });
    expect(info).toMatchObject({ centre: [0.5, 0.5], radius: 0.5 });
    expect(info.data.toSorted()).toEqual(density.toSorted());
    const corners = (await frames(engine)).at(-1)!.x;
    for (let i = 0; i < corners.length; i += 2) {
      const near = [0, 2, 4].map((at) =>
        Math.hypot(corners[i]! - density[at]!, corners[i + 1]! - density[at + 1]!),
      );
      expect(Math.min(...near)).toBeLessThan(0.2);
    }
    expect(engine.open({ ...setup, density: "mixture-1d" })).rejects.toThrow(
      'no density "mixture-1d" of the plane',
    );
    expect(engine.open({ ...setup, density: Float32Array.of(1, 2) })).rejects.toThrow("at least 2 samples");
    expect(engine.sample({ ...request, method: "mala" }, () => {})).rejects.toThrow(
      "mala needs more than a score",
    );
  });

  test("the distance to drawn points does not mind the order in which they were drawn", async () => {
    const engine = withoutRuntime();
    const density = Float32Array.from(
      { length: 4000 },
      (_, i) => (i < 2000 ? -1 : 1) + stream(3, "stroke", i).uniform(),
    );
    await engine.open({ ...setup, density });
    expect((await frames(engine)).at(-1)!.distance).toBeLessThan(0.03);
  });

  test("a newer request replaces that of its panel, and another density all", async () => {
    const engine = withoutRuntime();
    await engine.open(setup);
    const run = (panel: number) => engine.sample({ ...request, steps: 50, panel }, () => {});
    expect(await Promise.all([run(0), run(1), run(0)])).toEqual([false, true, true]);
    const running = run(0);
    await engine.open({ ...setup, density: "rings" });
    expect(await running).toBe(false);
  });
});

describe("the network", () => {
  const engine = planeEngine(host);
  const losses: number[] = [];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  beforeAll(async () => {
    await engine.open(setup);
    await engine.author();
    await engine.train(600, (progress) => losses.push(...progress.losses));
  });

  test("learns, reports every step once, and goes on", async () => {
    expect(losses).toHaveLength(600);
    // From 0.30 to 0.24; the mean of a hundred batches has a standard error of 0.002, of twenty 0.005.
    expect(mean(losses.slice(-100))).toBeLessThan(mean(losses.slice(0, 20)) - 0.03);
    const more: number[] = [];
    await engine.train(610, ({ step, losses }) => more.push(step, losses.length));
    expect(more.filter((_, i) => i % 2 === 0).at(-1)).toBe(610);
    expect(more.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b)).toBe(10);
  });

  test("moves particles to the data, and its score is near the true one", async () => {
    const { x } = (await frames(engine, { source: "learned", method: "dpm-solver-2m" })).at(-1)!;
    expect(energyDistance(x, truth, 2)).toBeLessThan(0.015);
    const field = await engine.field({ sigma: 0.5, cells: 20, extent: 2, source: "learned" });
    let [error, size] = [0, 0];
    for (const [i, value] of field.score.entries()) {
      const density = Math.exp(field.logDensity[i >> 1]!);
      error += density * (value - field.trueScore[i]!) ** 2;
      size += density * field.trueScore[i]! ** 2;
    }
    expect(error / size).toBeLessThan(0.1);
  });

  test("is the same to the bit from the same seed", async () => {
    const twin = planeEngine(host);
    await twin.open(setup);
    await twin.author();
    const again: number[] = [];
    await twin.train(50, (progress) => again.push(...progress.losses));
    expect(again).toEqual(losses.slice(0, 50));
  });

  test("samples and answers while it trains; a pause ends training where it is", async () => {
    let at = 0;
    const training = engine.train(1e9, ({ step }) => {
      at = step;
    });
    await frames(engine, { source: "learned", count: 200 });
    await engine.field({ sigma: 1, cells: 8, extent: 2, source: "learned" });
    await engine.pause();
    await training;
    expect(at).toBeGreaterThan(610);
    const paused = at;
    await engine.train(paused, () => {});
    await engine.train(paused + 1, ({ step }) => {
      at = step;
    });
    expect(at).toBe(paused + 1);
  });

  test("an energy's negative gradient is its score", async () => {
    const own = planeEngine(host);
    await own.open({ ...setup, objective: "energy" });
    await own.author();
    await own.train(20, () => {});
    const [cells, extent] = [3, 0.003];
    const { score, energy } = await own.field({ sigma: 1, cells, extent, source: "learned" });
    const step = (2 * extent) / cells;
    expect((energy![3]! - energy![5]!) / (2 * step)).toBeCloseTo(score[2 * 4]!, 2);
    expect((energy![1]! - energy![7]!) / (2 * step)).toBeCloseTo(score[2 * 4 + 1]!, 2);
  });

  test("opening another density leaves none, and says so", async () => {
    await engine.open({ ...setup, density: "rings" });
    expect(engine.train(10, () => {})).rejects.toThrow("there is no network yet");
    expect(engine.field({ sigma: 1, cells: 2, extent: 1, source: "learned" })).rejects.toThrow(
      "no network yet",
    );
  });
});
