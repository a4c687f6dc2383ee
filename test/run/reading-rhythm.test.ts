// Where reading makes a device wait, steps are read some at a time: nothing else about a training changes.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { openDevice } from "../../lib/run/device.ts";
import { everyStep, SeldomReading } from "../../lib/run/reading-rhythm.ts";
import { type Batch, DivergedError, patience, type StepReport, Trainer } from "../../lib/run/train.ts";
import { gaussianBatches } from "../support/gaussian-batches.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

describe("the rhythm", () => {
  /** Steps after which it reads, of steps that take so long. */
  function readings(seconds: number, steps: number): number[] {
    const rhythm = new SeldomReading();
    const read: number[] = [];
    for (let step = 1; step <= steps; step++) {
      if (!rhythm.reads(step, step - (read.at(-1) ?? 0))) continue;
      read.push(step);
      rhythm.took(seconds);
    }
    return read;
  }

  test("is a tenth of a second, and every tenth step; the first is read by itself", () => {
    expect(readings(0.001, 30)).toEqual([1, 10, 20, 30]);
    expect(readings(0.03, 12)).toEqual([1, 4, 7, 10]);
    expect(readings(5, 4)).toEqual([1, 2, 3, 4]);
  });

  test("on a CPU is every step", () => expect(everyStep.reads(3, 1)).toBe(true));
});

describe("a training whose steps stay on the device", () => {
  const artifact = tinyArtifact();
  const batches = gaussianBatches(8 * 4, 0.5);

  async function train(resident: "host" | "gpu", source: (step: number) => Promise<Batch>, to: number) {
    const cpu = await openDevice(ort, "cpu");
    await using trainer = await Trainer.create({
      ort,
      device: { ...cpu, resident },
      artifact,
      seed: 5,
      batches: source,
    });
    const reports: (StepReport & { readonly at: number })[] = [];
    const run = async () => {
      for await (const report of trainer.steps(to)) reports.push({ ...report, at: trainer.step });
    };
    const error = await run().catch((reason: unknown) => reason);
    return { reports, error, state: await trainer.read() };
  }

  const comparable = (reports: readonly StepReport[]) =>
    reports.map(({ step, loss, gradientNorm, learningRate, emaDecay, skipped }) => [
      ...[step, loss, gradientNorm, learningRate, emaDecay, skipped],
    ]);

  test("reports every step with its own loss, and ends where it would have ended, to the bit", async () => {
    const wanted = await train("host", batches, 47);
    const got = await train("gpu", batches, 47);
    expect(comparable(got.reports)).toEqual(comparable(wanted.reports));
    expect(got.state).toEqual(wanted.state);
    expect(wanted.reports.every(({ step, at }) => at === step)).toBe(true);
  });

  test("stands up to nine steps further on, and at no further one at every tenth", async () => {
    const { reports } = await train("gpu", batches, 47);
    expect(Math.max(...reports.map(({ step, at }) => at - step))).toBeGreaterThan(1);
    expect(Math.max(...reports.map(({ step, at }) => at - step))).toBeLessThan(10);
    const tenths = reports.filter(({ step }) => step % 10 === 0 || step === 47);
    expect(tenths.map(({ step, at }) => at - step)).toEqual([0, 0, 0, 0, 0]);
  });

  test("diverges within the same reading, with the last good state at hand", async () => {
    const broken = async (step: number) => {
      const { x } = await batches(step);
      return { x: step >= 23 ? x.fill(Number.NaN) : x };
    };
    const { reports, error, state } = await train("gpu", broken, 100);
    expect(error).toBeInstanceOf(DivergedError);
    expect(state.step).toBeGreaterThanOrEqual(23 + patience);
    expect(state.step).toBeLessThanOrEqual(23 + patience + 9);
    expect(reports.at(-1)).toMatchObject({ step: state.step, skipped: state.step - 23 });
    expect(Object.values(state.tensors).every((vector) => vector.every(Number.isFinite))).toBe(true);
    expect(state.tensors).toEqual((await train("gpu", batches, 23)).state.tensors);
  });
});
