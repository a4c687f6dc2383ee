// Folders of diffusers with learned variances: they draw what diffusers draws, and ours come back as theirs.
import { describe, expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { decodeSafetensors } from "../../lib/artifact/safetensors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { Field } from "../../lib/run/field.ts";
import { writeModelFolder } from "../../lib/run/folder.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import { rangeOf, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import type { TrainedModel } from "../../scripts/cli/run-folder.ts";
import { openTrained } from "../../scripts/cli/trained.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const golden = join(import.meta.dirname, "../golden/learned-range");
const pipeline = join(golden, "pipeline");
const device = await openDevice(ort, "cpu");

const path = join(golden, "learned-range.golden.safetensors");
const file = decodeSafetensors(readFileSync(path), path);
const { cases } = JSON.parse(file.metadata.cases!) as {
  cases: Record<string, { readonly scheduler: object; readonly steps: number }>;
};
const drawn = (name: string) => file.tensors.get(name)!.data as Float32Array;
const size = 2 * 8 * 8;

/** The golden pipeline with some keys of a file replaced. */
function altered(name: string, keys: object): TemporaryFolder {
  const folder = new TemporaryFolder();
  cpSync(pipeline, folder.path, { recursive: true });
  const json = JSON.parse(readFileSync(join(pipeline, name), "utf8"));
  folder.write(name, JSON.stringify({ ...json, ...keys }));
  return folder;
}

/** The steps of the model's own sampler, and alpha at each of their levels. */
function walkOf({ artifact, sampling }: TrainedModel, steps: number) {
  const { noise, langevin } = artifact.manifest;
  const schedule = openScheduleOf(noise.schedule);
  const sigmas = sigmaGrids[sampling.grid!]({ steps, schedule, ...rangeOf(schedule) });
  const options = { ...langevin, ...sampling, schedule, steps, sigmaData: 1, sigmas, denoise: true };
  const alphas = sigmas.map((sigma) => schedule.alpha(schedule.timeOf(sigma)));
  return { steps: [...samplers[sampling.method!].steps(options)], alphas };
}

const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

describe("the same weights and noise draw the same images as diffusers, at every step", () => {
  test.each(Object.entries(cases))(
    "%s",
    async (name, given) => {
      using folder = altered("scheduler/scheduler_config.json", given.scheduler);
      const model = await openTrained(folder.path);
      expect(model.sampling).toMatchObject({ method: "ancestral", variance: "learned", clip: "static" });
      expect(model.artifact.manifest.noise.variance).toBe("learned");
      const { weights } = await model.weights();
      await using field = await Field.open({ ort, device, artifact: model.artifact, weights });
      const { steps, alphas } = walkOf(model, given.steps);
      const [noises, wanted] = [drawn("noises"), drawn(name)];
      // Theirs are x_t, ours x_t / alpha_t.
      let x = drawn("start").map((value) => value / alphas[0]!);
      let most = 0;
      for (const [i, { sigma, a, b, c, w = 0 }] of steps.entries()) {
        const { denoised, fraction } = await field.denoised(x, { sigmas: sigma });
        const [from, to] = [i * size, (i + 1) * size];
        x = x.map((value, j) => {
          const clipped = Math.min(1, Math.max(-1, denoised[j]!));
          return a * value + b * clipped + c * Math.exp(w * fraction![j]!) * noises[from + j]!;
        });
        const theirs = wanted.subarray(from, to);
        const ours = x.map((value) => value * (alphas[i + 1] ?? 1));
        expect(distance(ours, theirs)).toBeLessThan(1e-4);
        most = Math.max(most, ...fraction!.map((v) => Math.abs(v - 0.5)));
      }
      // The network's variances are not the middle of the range, where much would be right by chance.
      expect(most).toBeGreaterThan(0.5);
    },
    30_000,
  );
});

test("a model of ours with learned variances is a pipeline, and comes back", async () => {
  using folder = new TemporaryFolder();
  const dir = join(folder.path, "model");
  const { artifact, weights } = await openTrained(pipeline);
  const { weights: own } = await weights();
  await writeModelFolder(dir, artifact, own);
  const scheduler = JSON.parse(readFileSync(join(dir, "scheduler/scheduler_config.json"), "utf8"));
  expect(scheduler).toMatchObject({ _class_name: "DDPMScheduler", variance_type: "learned_range" });
  rmSync(join(dir, "manifest.json"));
  const back = await openTrained(dir);
  expect(back.artifact.manifest.noise).toEqual(artifact.manifest.noise);
  expect((await back.weights()).weights).toEqual(own);
});

test.each([
  ["scheduler/scheduler_config.json", { variance_type: "fixed_small" }, "got 2 for 1"],
  ["unet/config.json", { out_channels: 1 }, "got 1 for 1"],
  ["scheduler/scheduler_config.json", { variance_type: "learned" }, "variance_type"],
] as const)("refused in one line: %s with %o", async (name, keys, says) => {
  using folder = altered(name, keys);
  const problem = await openTrained(folder.path).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Error);
  expect((problem as Error).message).toContain(says);
  expect((problem as Error).message).not.toContain("\n");
});
