// Training finds the optimum that closed forms give, resumes to the bit, and survives what is not finite.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import type { Network } from "../../lib/author/denoiser.ts";
import { add, matmul, mul, oneHot, reshape } from "../../lib/author/graph/ops.ts";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { Feeds } from "../../lib/run/feeds.ts";
import { type Batch, DivergedError, patience, type StepReport, Trainer } from "../../lib/run/train.ts";
import { preconditionings } from "../../lib/theory/preconditioning.ts";
import { gaussianBatches } from "../support/gaussian-batches.ts";
import { convolutional, labelled, tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const host = { ort, device, seed: 5 };
const artifact = tinyArtifact();
const batches = gaussianBatches(8 * 4, 0.5);

async function collect(steps: AsyncIterable<StepReport>): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of steps) reports.push(report);
  return reports;
}

const bits = (vector: Float32Array | undefined) =>
  vector && [...new Uint32Array(vector.buffer, vector.byteOffset, vector.length)];

describe("the closed form", () => {
  // Data N(0, c^2), one level: the best denoiser is c^2/(c^2 + sigma^2) x, its loss 1/2 c^2/(c^2 + sigma^2).
  const [c, sigma, sigmaData] = [0.8, 0.6, 0.5];
  const gain = c ** 2 / (c ** 2 + sigma ** 2);
  const gaussian = tinyArtifact({
    noise: {
      preconditioning: "edm",
      weighting: "sigma-squared",
      schedule: { name: "edm" },
      training: { kind: "ladder" },
      sigmas: [sigma],
      sigmaData,
    },
    batch: 64,
    ema: { decay: 0.98 },
  });

  test("a linear denoiser reaches the best gain within 2 %, and its loss", async () => {
    await using trainer = await Trainer.create({
      ...host,
      artifact: gaussian,
      batches: gaussianBatches(64 * 4, c),
    });
    const reports = await collect(trainer.steps(300));
    const { cSkip, cOut, cIn } = preconditionings.edm;
    const [scale, shift] = await trainer.readVector("ema");
    const found = cSkip(sigma, sigmaData) + cOut(sigma, sigmaData) * cIn(sigma, sigmaData) * scale!;
    expect(Math.abs(found / gain - 1)).toBeLessThan(0.02);
    expect(Math.abs(shift!)).toBeLessThan(0.02);
    expect(reports[0]!.loss).toBeGreaterThan(1.2 * (gain / 2));

    // 4000 images of 4 numbers: the standard error of the loss is sqrt(2/16000) = 1.1 %; 5 % are allowed.
    const { x } = await gaussianBatches(4000 * 4, c)(12345);
    const levels = await trainer.evaluate({ x });
    expect(levels.map((level) => level.sigma)).toEqual([sigma]);
    expect(Math.abs(levels[0]!.loss / (gain / 2) - 1)).toBeLessThan(0.05);
  });

  // With F = 0, D = k x̃ and sigma score + z = k z + (k - 1) x / sigma.
  test("evaluation averages over every image once, with the same noise at every level", async () => {
    const tensors = Object.fromEntries(
      ["params", "ema", "m", "v"].map((name) => [name, new Float32Array(2)]),
    );
    const start = { step: 0, skipped: 0, tensors };
    await using trainer = await Trainer.create({ ...host, artifact: gaussian, batches, start });
    const { x } = await gaussianBatches(70 * 4, c)(1);
    const z = new Float32Array(x.length);
    for (let i = 0; i < 70; i++) stream(host.seed, "eval:z", i).fillNormal(z, 4 * i, 4 * i + 4);
    const sigmas = [2, 1, 0.1];
    for (const { sigma: level, loss } of await trainer.evaluate({ x, sigmas })) {
      const k = preconditionings.edm.cSkip(level, sigmaData);
      const squares = x.map((each, i) => (k * z[i]! + ((k - 1) * each) / level) ** 2);
      const expected = squares.reduce((sum, square) => sum + square, 0) / x.length / 2;
      expect(Math.abs(loss / expected - 1)).toBeLessThan(1e-5);
    }
    await expect(trainer.evaluate({ x: new Float32Array(3) })).rejects.toBeInstanceOf(UserError);
  });
});

describe("resuming", () => {
  test("20 steps are 10, a read, and 10 more, to the bit", async () => {
    const conv = tinyArtifact({
      network: { score: convolutional },
      data: { source: "g", shape: [1, 4, 4], classes: 0, options: {} },
    });
    const options = { ...host, artifact: conv, batches: gaussianBatches(8 * 16, 0.5) };
    await using whole = await Trainer.create(options);
    const all = await collect(whole.steps(20));
    await using first = await Trainer.create(options);
    const half = await collect(first.steps(10));
    const start = await first.read();
    expect(start).toMatchObject({ step: 10, seed: 5, skipped: 0 });
    await using second = await Trainer.create({ ...options, start });
    const rest = await collect(second.steps(20));
    const losses = (reports: StepReport[]) => reports.map(({ step, loss }) => [step, loss]);
    expect(losses([...half, ...rest])).toEqual(losses(all));
    const [ends, expected] = [await second.read(), await whole.read()];
    for (const name of ["params", "ema", "m", "v"])
      expect(bits(ends.tensors[name])).toEqual(bits(expected.tensors[name])!);
  });

  test("reading copies: later steps leave it alone", async () => {
    await using trainer = await Trainer.create({ ...host, artifact, batches });
    await collect(trainer.steps(3));
    const { tensors } = await trainer.read();
    const before = bits(tensors.params);
    await collect(trainer.steps(6));
    expect(bits(tensors.params)).toEqual(before!);
    expect(bits(await trainer.readVector("params"))).not.toEqual(before!);
  });

  test("a state of another size is refused", async () => {
    const start = { step: 1, skipped: 0, tensors: { params: new Float32Array(3) } };
    await expect(Trainer.create({ ...host, artifact, batches, start })).rejects.toThrow(
      '"params" expected 2 floats, got 3',
    );
  });
});

describe("what is not finite", () => {
  const broken =
    (bad: (step: number) => boolean) =>
    async (step: number): Promise<Batch> => {
      const { x } = await batches(step);
      return { x: bad(step) ? x.fill(Number.NaN) : x };
    };

  test("a step is skipped, counted, and changes nothing", async () => {
    await using trainer = await Trainer.create({ ...host, artifact, batches: broken((step) => step === 3) });
    await collect(trainer.steps(3));
    const before = await trainer.read();
    const [lost] = await collect(trainer.steps(4));
    expect(lost).toMatchObject({ step: 4, skipped: 1, loss: Number.NaN });
    const after = await trainer.read();
    expect(after).toMatchObject({ step: 4, skipped: 1 });
    for (const [name, vector] of Object.entries(before.tensors))
      expect(bits(after.tensors[name])).toEqual(bits(vector)!);
    const [next] = await collect(trainer.steps(5));
    expect(next!.skipped).toBe(1);
    expect(Number.isFinite(next!.loss)).toBe(true);
  });

  test(`${patience} in a row end the training, with the last good state at hand`, async () => {
    await using trainer = await Trainer.create({ ...host, artifact, batches: broken((step) => step >= 2) });
    const reports: StepReport[] = [];
    const train = async () => {
      for await (const report of trainer.steps(100)) reports.push(report);
    };
    const error = await train().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DivergedError);
    expect((error as DivergedError).message).toMatch(
      /^training diverged[^\n]*step 7[^\n]*learning rate \(0\.02\)/,
    );
    expect(reports.map(({ skipped }) => skipped)).toEqual([0, 0, 1, 2, 3, 4, 5]);
    const { tensors, step } = await trainer.read();
    expect(step).toBe(7);
    expect(tensors.params!.every(Number.isFinite)).toBe(true);
  });

  test("scattered ones do not add up", async () => {
    await using trainer = await Trainer.create({
      ...host,
      artifact,
      batches: broken((step) => step % 5 > 0),
    });
    expect((await collect(trainer.steps(20))).at(-1)!.skipped).toBe(16);
  });
});

describe("the loop", () => {
  test("reports follow the schedules", async () => {
    await using trainer = await Trainer.create({ ...host, artifact, batches });
    const reports = await collect(trainer.steps(8));
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(reports[0]!.learningRate).toBeCloseTo(0.02 / 5, 12);
    expect(reports[4]!.learningRate).toBeCloseTo(0.02, 12);
    expect(reports[0]!.emaDecay).toBeCloseTo(0.1, 12);
    expect(reports.every(({ seconds, gradientNorm }) => seconds > 0 && gradientNorm > 0)).toBe(true);
  });

  test("the next batch is asked for while a step runs, and none beyond the end", async () => {
    const asked: number[] = [];
    const batch = new Float32Array(32).fill(0.1);
    const recorded = async (step: number) => {
      asked.push(step);
      return { x: batch };
    };
    await using trainer = await Trainer.create({ ...host, artifact, batches: recorded });
    const seen: number[][] = [];
    for await (const _ of trainer.steps(3)) seen.push([...asked]);
    expect(seen).toEqual([
      [0, 1],
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  test("an aborted signal ends the loop between steps; going on is possible", async () => {
    await using trainer = await Trainer.create({ ...host, artifact, batches });
    const control = new AbortController();
    for await (const { step } of trainer.steps(10, control.signal)) if (step === 4) control.abort();
    expect(trainer.step).toBe(4);
    await collect(trainer.steps(6));
    expect(trainer.step).toBe(6);
  });

  test("a failing source ends the loop with its own error", async () => {
    const failing = async (step: number) =>
      step < 2 ? batches(step) : Promise.reject(new UserError("no more"));
    await using trainer = await Trainer.create({ ...host, artifact, batches: failing });
    await expect(collect(trainer.steps(5))).rejects.toThrow("no more");
  });

  test("memory is flat", async () => {
    const wide = tinyArtifact({
      network: { score: (p, { x }) => convolutional(p.within("wide"), { x, noise: x }) },
      data: { source: "g", shape: [1, 32, 32], classes: 0, options: {} },
    });
    await using trainer = await Trainer.create({
      ...host,
      artifact: wide,
      batches: gaussianBatches(8 * 1024, 0.5),
    });
    await collect(trainer.steps(50));
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    await collect(trainer.steps(250));
    Bun.gc(true);
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(25);
  }, 20000);
});

describe("feeds", () => {
  test("labels reach the graph; a graph that wants them says so", async () => {
    const data = { source: "g", shape: [1, 2, 2] as const, classes: 3, options: {} };
    const classes = tinyArtifact({ network: { score: labelled }, data });
    const labels = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1);
    await using without = await Trainer.create({ ...host, artifact: classes, batches });
    await expect(collect(without.steps(1))).rejects.toThrow('"label" (label): this graph needs label values');
    const given = async (step: number) => ({ ...(await batches(step)), labels });
    await using trainer = await Trainer.create({ ...host, artifact: classes, batches: given });
    // The data do not depend on the label, so that training takes its pull away.
    await collect(trainer.steps(200));
    expect(Math.abs((await trainer.readVector("params"))[0]!)).toBeLessThan(0.3);
  });

  test("a share of the classes is hidden, others each step, and a resumed run hides the same", async () => {
    const data = { source: "g", shape: [1, 2, 2] as const, classes: 3, unconditional: 0.25, options: {} };
    // F is a table of the labels: each number is pulled by the samples whose label it is, and by no others.
    const table: Network = (p, { x, label }) => {
      const values = matmul(oneHot(label!, 4), p.get("table", [4, 1], { kind: "constant", value: 0 }));
      return add(reshape(values, [-1, 1, 1, 1]), mul(x, 0));
    };
    const { learningRate: _, ...schedule } = artifact.manifest.optimizer;
    const sgd = { ...schedule, kind: "sgd", momentum: 0, learningRate: 1e-4, clipNorm: null } as const;
    const hiding = tinyArtifact({ network: { score: table }, data, batch: 64, optimizer: sgd });
    const labels = new Int32Array(64).fill(1);
    const given = async () => ({ x: new Float32Array(64 * 4).fill(2), labels });
    const options = { ...host, artifact: hiding, batches: given };
    await using whole = await Trainer.create(options);
    await collect(whole.steps(40));
    const [zero, one, two, none] = await whole.readVector("params");
    expect([zero, two]).toEqual([0, 0]);
    // So short a way is the sum of the samples' pulls: 2,560 of them, a share with a standard error below .015.
    expect(Math.abs(none! / (none! + one!) - 0.25)).toBeLessThan(0.06);

    await using first = await Trainer.create(options);
    await collect(first.steps(17));
    await using resumed = await Trainer.create({ ...options, start: await first.read() });
    await collect(resumed.steps(40));
    expect(bits(await resumed.readVector("params"))).toEqual(bits(await whole.readVector("params")));
  });

  test("signs and uniforms are drawn per sample", () => {
    const port = (name: string, feed: "rademacher" | "uniform") =>
      ({ name, feed, dtype: "float32", shape: [2, 500] }) as const;
    const entry = { file: "x", inputs: [port("r", "rademacher"), port("u", "uniform")], outputs: [] };
    const feeds = new Feeds(ort, artifact.manifest, entry);
    const asked: string[] = [];
    const { r, u } = feeds.fill({
      sigmas: [1, 1],
      schedule: {},
      random: (name, i) => {
        asked.push(`${name}${i}`);
        return stream(1, name, i);
      },
    });
    expect(asked).toEqual(["r0", "r1", "u0", "u1"]);
    const [signs, uniforms] = [r!.data as Float32Array, u!.data as Float32Array];
    expect(new Set(signs)).toEqual(new Set([1, -1]));
    // 1000 fair signs: |sum| < 160 at five standard errors.
    expect(Math.abs(signs.reduce((a, b) => a + b))).toBeLessThan(160);
    expect(uniforms.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(signs.slice(0, 500)).not.toEqual(signs.slice(500));
  });

  test("an input that nothing feeds, and an unknown preconditioning, are named", () => {
    const odd = { name: "temperature", feed: "schedule", dtype: "float32", shape: [] } as const;
    const feeds = new Feeds(ort, artifact.manifest, { file: "x", inputs: [odd], outputs: [] });
    const values = { sigmas: [], schedule: { a: 1 }, random: () => undefined };
    expect(() => feeds.fill(values)).toThrow('"temperature" (schedule): expected one of: a');
    const noise = { ...artifact.manifest.noise, preconditioning: "magic" };
    expect(() => new Feeds(ort, { ...artifact.manifest, noise }, artifact.manifest.graphs.step)).toThrow(
      /"magic" is unknown to this build; one of: ncsn, /,
    );
  });
});
