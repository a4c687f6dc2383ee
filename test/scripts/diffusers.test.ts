// Folders of diffusers: they draw what diffusers draws, ours come back as theirs, and what cannot be used is named.
import { describe, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { Manifest } from "../../lib/artifact/manifest.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/artifact/safetensors.ts";
import { UserError } from "../../lib/errors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { Field } from "../../lib/run/field.ts";
import { writeModelFolder } from "../../lib/run/folder.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import { rangeOf, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import { unetModel } from "../../models/model.ts";
import { openDiffusers } from "../../scripts/cli/diffusers.ts";
import type { TrainedModel } from "../../scripts/cli/run-folder.ts";
import { openTrained } from "../../scripts/cli/trained.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const golden = join(import.meta.dirname, "../golden/schedulers");
const pipeline = join(golden, "pipeline");
const device = await openDevice(ort, "cpu");

interface Case {
  readonly scheduler: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly eta: number;
}

const path = join(golden, "schedulers.golden.safetensors");
const file = decodeSafetensors(readFileSync(path), path);
const { cases } = JSON.parse(file.metadata.cases!) as { cases: Record<string, Case> };
const drawn = (name: string) => file.tensors.get(name)!.data as Float32Array;

/** The golden pipeline with another scheduler, or with other files. */
function pipelineWith(files: Readonly<Record<string, object>>): TemporaryFolder {
  const folder = new TemporaryFolder();
  cpSync(pipeline, folder.path, { recursive: true });
  for (const [name, json] of Object.entries(files)) folder.write(name, JSON.stringify(json));
  return folder;
}

const configOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(pipeline, name), "utf8"));

/** The steps and the levels of the sampler that stands for a case's scheduler. */
function samplerOf({ artifact, sampling }: TrainedModel, { steps, eta, scheduler }: Case) {
  const { noise, langevin } = artifact.manifest;
  const schedule = openScheduleOf(noise.schedule);
  const sigmas = sigmaGrids[sampling.grid!]({ steps, schedule, ...rangeOf(schedule) });
  const denoise = scheduler.set_alpha_to_one !== false;
  const options = { ...langevin, ...sampling, eta, schedule, steps, sigmaData: 1, sigmas, denoise };
  const alphas = sigmas.map((sigma) => schedule.alpha(schedule.timeOf(sigma)));
  return { steps: [...samplers[sampling.method!].steps(options)], alphas };
}

/** The artifact with graphs of one batch size alone. */
const ofBatch = (batch: number, { manifest, ...artifact }: Artifact): Artifact => ({
  ...artifact,
  manifest: {
    ...manifest,
    graphs: { ...manifest.graphs, sampling: manifest.graphs.sampling.filter((each) => each.batch === batch) },
  },
});

const times = (values: Float32Array, factor: number) => values.map((value) => factor * value);
const clamped = (values: Float32Array) => values.map((value) => Math.min(1, Math.max(-1, value)));
const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

const size = 2 * 8 * 8;

describe("the same weights and noise draw the same images as diffusers, at every step", () => {
  test.each(Object.entries(cases))("%s", async (name, given) => {
    using folder = pipelineWith({ "scheduler/scheduler_config.json": given.scheduler });
    const model = await openTrained(folder.path);
    const { weights } = await model.weights();
    await using field = await Field.open({ ort, device, artifact: ofBatch(10, model.artifact), weights });
    const { steps, alphas } = samplerOf(model, given);
    const [noises, wanted] = [drawn("noises"), drawn(name)];
    expect(wanted.length).toBe(given.steps * size);
    // Theirs are x_t, ours x_t / alpha_t.
    let x = times(drawn("start"), 1 / alphas[0]!);
    for (const [i, { sigma, a, b, c }] of steps.entries()) {
      const { denoised: free } = await field.denoised(x, { sigmas: sigma });
      const denoised = model.sampling.clip === "static" ? clamped(free) : free;
      const [from, to] = [i * size, (i + 1) * size];
      x = x.map((value, j) => a * value + b * denoised[j]! + c * noises[from + j]!);
      expect(distance(times(x, alphas[i + 1] ?? 1), wanted.subarray(from, to))).toBeLessThan(1e-4);
    }
    // Where diffusers does not denoise at the end, its last step changes nothing.
    const end = steps.length === given.steps ? x : times(x, alphas.at(-1)!);
    expect(distance(end, wanted.subarray(-size))).toBeLessThan(1e-4);
  });
});

test("U-Net and scheduler in one folder, with older names, are the same model", async () => {
  using folder = new TemporaryFolder();
  const { tensors } = decodeSafetensors(readFileSync(weightsPath), weightsPath);
  const older: Record<string, string> = {
    to_q: "query",
    to_k: "key",
    to_v: "value",
    "to_out.0": "proj_attn",
  };
  const renamed = [...tensors].map(
    ([name, tensor]) => [name.replace(/to_[qkv]|to_out\.0/, (now) => older[now]!), tensor] as const,
  );
  expect(renamed.some(([name]) => name.endsWith("proj_attn.bias"))).toBe(true);
  folder.write("diffusion_pytorch_model.safetensors", encodeSafetensors(new Map(renamed)));
  folder.write("config.json", JSON.stringify(configOf("unet/config.json")));
  folder.write("scheduler_config.json", JSON.stringify(configOf("scheduler/scheduler_config.json")));
  const [one, other] = await Promise.all([folder.path, pipeline].map(openTrained));
  expect(one!.artifact.manifest).toEqual(other!.artifact.manifest);
  expect((await one!.weights()).weights).toEqual((await other!.weights()).weights);
});

test("what a scheduler leaves out has diffusers' default", async () => {
  using folder = pipelineWith({ "scheduler/scheduler_config.json": { _class_name: "DDIMScheduler" } });
  const { artifact, sampling } = await openDiffusers(folder.path);
  expect(artifact.manifest.noise).toMatchObject({
    preconditioning: "eps",
    schedule: { name: "ddpm", steps: 1000, betaMin: 1e-4, betaMax: 0.02 },
  });
  expect(artifact.manifest.noise.sigmas).toHaveLength(1000);
  expect(sampling).toEqual({ method: "ddim", grid: "leading", variance: "posterior", clip: "static" });
});

test.each([
  { preconditioning: "eps", schedule: { name: "ddpm" } },
  { preconditioning: "v", schedule: { name: "cosine", steps: 100 } },
  { preconditioning: "x0", schedule: { name: "scaled-linear", steps: 50, betaMin: 0.01, betaMax: 0.3 } },
])(
  "a model of ours with $preconditioning and $schedule.name is a pipeline, and comes back",
  async (noise) => {
    using folder = new TemporaryFolder();
    const dir = join(folder.path, "model");
    const { artifact, weights } = await ours(noise);
    await writeModelFolder(dir, artifact, weights);
    expect((await openTrained(dir)).sampling).toEqual({});
    rmSync(join(dir, "manifest.json"));
    const back = await openTrained(dir);
    const clip = noise.preconditioning === "eps" ? "static" : "none";
    expect(back.sampling).toEqual({ method: "ancestral", grid: "leading", variance: "posterior", clip });
    expect((await back.weights()).weights).toEqual(weights);
    const { manifest } = back.artifact;
    expect(manifest.parameters).toEqual(artifact.manifest.parameters);
    // What hides the class is one class more to diffusers.
    expect(manifest.data.classes).toBe(4);
    expect(manifest.noise.preconditioning).toBe(noise.preconditioning);
    const [one, other] = [manifest, artifact.manifest].map((each) => openScheduleOf(each.noise.schedule));
    expect(one!.tMax).toBe(other!.tMax);
    for (let t = 1; t <= one!.tMax; t += 7) expect(one!.level(t) / other!.level(t)).toBeCloseTo(1, 12);
  },
);

test("noise that diffusers' schedulers do not know makes no pipeline", async () => {
  for (const noise of [
    { preconditioning: "edm", schedule: { name: "ddpm" } },
    { preconditioning: "eps", schedule: { name: "vp" } },
    { preconditioning: "eps", schedule: { name: "sigmoid" } },
  ]) {
    using folder = new TemporaryFolder();
    const dir = join(folder.path, "model");
    const { artifact, weights } = await ours(noise);
    await writeModelFolder(dir, artifact, weights);
    expect(readdirSync(dir)).not.toContain("model_index.json");
    expect(readdirSync(dir)).not.toContain("scheduler");
  }
});

const weightsPath = join(pipeline, "unet/diffusion_pytorch_model.safetensors");

/** A small U-Net of three classes and none with weights as they come. */
async function ours(noise: Pick<Manifest["noise"], "preconditioning" | "schedule">) {
  const { description, network, classes } = unetModel({
    block_out_channels: [8],
    down_block_types: ["DownBlock2D"],
    up_block_types: ["UpBlock2D"],
    layers_per_block: 1,
    norm_num_groups: 4,
  })({ shape: [1, 4, 4], classes: 3, unconditional: true, levels: 2 });
  const artifact = tinyArtifact({
    model: description,
    network,
    data: { source: "g", shape: [1, 4, 4], classes, unconditional: 0.1, options: {} },
    noise: {
      ...noise,
      weighting: "uniform",
      training: { kind: "schedule" },
      sigmas: [1, 0.5],
      sigmaData: 0.5,
    },
  });
  const weights = Float32Array.from({ length: artifact.manifest.parameterCount }, (_, i) => Math.sin(i));
  return { artifact, weights };
}

const ddpm = configOf("scheduler/scheduler_config.json");
const unet = configOf("unet/config.json");
const scheduled = (changes: object) => ({ "scheduler/scheduler_config.json": { ...ddpm, ...changes } });
const networked = (changes: object) => ({ "unet/config.json": { ...unet, ...changes } });

test.each<[string, Record<string, object>, RegExp]>([
  [
    "a scheduler of another class",
    scheduled({ _class_name: "PNDMScheduler" }),
    /scheduler_config\.json: scheduler: _class_name: .*DDPMScheduler.*DDIMScheduler.*got "PNDMScheduler"$/,
  ],
  [
    "betas without a formula",
    scheduled({ trained_betas: [0.1, 0.2] }),
    /trained_betas: .*got \[0\.1,0\.2\]$/,
  ],
  ["an unknown curve of betas", scheduled({ beta_schedule: "sigmoid" }), /beta_schedule: .*got "sigmoid"$/],
  ["variances without a range", scheduled({ variance_type: "learned" }), /variance_type: .*got "learned"$/],
  ["an unknown prediction", scheduled({ prediction_type: "flow" }), /prediction_type: .*got "flow"$/],
  ["clipping to another range", scheduled({ clip_sample_range: 2 }), /clip_sample_range: .*got 2$/],
  ["an offset of times", scheduled({ steps_offset: 1 }), /steps_offset: .*got 1$/],
  [
    "zero signal at the end",
    scheduled({ rescale_betas_zero_snr: true }),
    /rescale_betas_zero_snr: .*got true$/,
  ],
  ["betas that are none", scheduled({ beta_end: 2 }), /beta_end: .*got 2$/],
  [
    "no scheduler at all",
    { "scheduler/scheduler_config.json": [] },
    /json: expected the settings of a scheduler$/,
  ],
  ["no class", { "scheduler/scheduler_config.json": {} }, /_class_name: .*got nothing$/],
  [
    "another network",
    networked({ _class_name: "UNet2DConditionModel" }),
    /unet\/config\.json: expected UNet2DModel, got "UNet2DConditionModel"$/,
  ],
  [
    "a block of another kind",
    networked({ down_block_types: ["SkipDownBlock2D"] }),
    /unet config: down_block_types/,
  ],
  ["more outputs than inputs", networked({ out_channels: 2 }), /out_channels.*learned_range.*got 2 for 1$/],
  [
    "a pipeline with an autoencoder",
    { "model_index.json": { _class_name: "LDMPipeline" } },
    /model_index\.json: expected DDPMPipeline or DDIMPipeline, got "LDMPipeline"$/,
  ],
])("%s is refused in one line", async (_, files, line) => {
  using folder = pipelineWith(files);
  expect(await refusal(openTrained(folder.path))).toMatch(line);
});

test("missing and foreign parts are named", async () => {
  using folder = pipelineWith(networked({ layers_per_block: 2 }));
  const dir = folder.path;
  const model = await openTrained(dir);
  expect(await refusal(model.weights())).toMatch(/weights are not of this model: \d+ missing: /);
  rmSync(join(dir, "unet/diffusion_pytorch_model.safetensors"));
  expect(await refusal(model.weights())).toMatch(/unet: expected .*\.safetensors; .*safe_serialization=True/);
  rmSync(join(dir, "scheduler"), { recursive: true });
  expect(await refusal(openTrained(dir))).toMatch(
    /expected scheduler\/scheduler_config\.json or scheduler_config/,
  );
  rmSync(join(dir, "unet"), { recursive: true });
  expect(await refusal(openDiffusers(dir))).toMatch(
    /expected a U-Net of diffusers, unet\/config\.json or config/,
  );
  expect(await refusal(openTrained(dir))).toMatch(/expected a manifest\.json/);
});

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  return message;
}
