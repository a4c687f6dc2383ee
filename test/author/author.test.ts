// Authored artifacts: complete, reproducible, quick to write, and the fused step equals its two halves.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { type GraphEntry, type Manifest, parseManifest } from "../../lib/artifact/manifest.ts";
import { type Authored, author } from "../../lib/author/author.ts";
import { stream } from "../../lib/random.ts";
import { geometricSigmas } from "../../lib/theory/noise-ladder.ts";
import type { Preset } from "../../models/preset.ts";
import { type PresetName, presets } from "../../models/presets.ts";

function authored(name: PresetName, batch = 4): Authored {
  const preset: Preset = presets[name];
  const shape = /^(density|diffusion)/.test(name)
    ? [2]
    : name.startsWith("cifar10")
      ? [3, 32, 32]
      : [1, 28, 28];
  const { description, network, classes } = preset.model({ shape, classes: 10, levels: 10 });
  const negatives = preset.negatives?.({ sigma: 0, sigmaData: 0.6, batch });
  return author({
    preset: name,
    negatives,
    model: description,
    noise: {
      preconditioning: preset.preconditioning,
      weighting: preset.weighting,
      schedule: preset.schedule?.record ?? { name: "edm" },
      training: { kind: "ladder" as const },
      sigmas: geometricSigmas(10, 0.02, 10),
      sigmaData: 0.6,
    },
    langevin: { stepSize: 1e-5, stepsPerLevel: 1 },
    data: { source: "digits", shape, classes, options: {} },
    batch,
    ...(preset.diffusion && { diffusion: preset.diffusion }),
    ema: { decay: preset.emaDecay },
    network,
    objective: preset.objective,
    optimizer: preset.optimizer,
    samplingBatches: [1, 4],
  });
}

for (const name of Object.keys(presets) as PresetName[]) {
  test(`${name}: the manifest is consistent and names exactly the files, authored in under 2 s of processor time`, () => {
    const start = process.cpuUsage();
    const { manifest, files } = authored(name);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1e6).toBeLessThan(2);
    const checked = parseManifest(JSON.parse(JSON.stringify(manifest)), name);
    const { sampling, ...others } = checked.graphs;
    expect([...files.keys()]).toEqual([...Object.values(others), ...sampling].map(({ file }) => file));
  });
}

test("the same settings give the same bytes", () => {
  const [first, second] = [authored("tiny"), authored("tiny")];
  for (const [file, bytes] of first.files)
    expect(Bun.SHA256.hash(bytes)).toEqual(Bun.SHA256.hash(second.files.get(file)!));
});

/** Random but sensible values for every input of a graph; the same name gets the same values in every graph. */
function feedsOf({ inputs }: GraphEntry): Record<string, ort.Tensor> {
  const make = ({ name, dtype, shape, feed }: GraphEntry["inputs"][number]) => {
    const random = stream(7, name);
    const size = shape.reduce((a, b) => a * b, 1);
    if (dtype === "int32")
      return new ort.Tensor(
        "int32",
        new Int32Array(size).map(() => random.integer(10)),
        shape,
      );
    const spread = feed === "state" ? 0.05 : 1;
    const positive = [
      "v",
      "sigma",
      "c_out",
      "c_in",
      "learning_rate",
      "first_correction",
      "second_correction",
      "ema_decay",
    ];
    const draw = () => (positive.includes(name) ? 0.1 + 0.5 * random.uniform() : spread * random.normal());
    return new ort.Tensor("float32", new Float32Array(size).map(draw), shape);
  };
  return Object.fromEntries(inputs.map((port) => [port.name, make(port)]));
}

async function run({ files }: Authored, entry: GraphEntry, extra: Record<string, ort.Tensor> = {}) {
  const session = await ort.InferenceSession.create(files.get(entry.file)!);
  const results = await session.run({ ...feedsOf(entry), ...extra });
  await session.release();
  return results;
}

const floats = (tensor: ort.Tensor | undefined) => tensor!.data as Float32Array;
const largest = (values: Float32Array) => values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);

test("the step graph is the training graph followed by the optimizer graph, and eval gives its loss per sample", async () => {
  const artifact = authored("tiny");
  const { training, optimizer, step, eval: evaluation }: Manifest["graphs"] = artifact.manifest.graphs;
  const halves = await run(artifact, training);
  const updated = await run(artifact, optimizer, { gradient: halves.gradient! });
  const whole = await run(artifact, step);
  const perSample = floats((await run(artifact, evaluation)).loss);
  const mean = perSample.reduce((sum, x) => sum + x, 0) / perSample.length;
  expect(mean).toBeCloseTo(floats(halves.loss)[0]!, 5);
  expect(floats(whole.loss)[0]).toBeCloseTo(floats(halves.loss)[0]!, 5);
  for (const name of ["params_next", "ema_next", "m_next", "v_next", "gradient_norm"]) {
    const difference = floats(whole[name]).map((x, i) => x - floats(updated[name])[i]!);
    expect(largest(difference) / largest(floats(updated[name]))).toBeLessThan(1e-5);
  }
});

test("a gradient that is not finite leaves every state vector as it was", async () => {
  const artifact = authored("tiny");
  const { step } = artifact.manifest.graphs;
  const feeds = feedsOf(step);
  const broken = floats(feeds.x).slice();
  broken[3] = Number.NaN;
  const results = await run(artifact, step, { x: new ort.Tensor("float32", broken, feeds.x!.dims) });
  expect(floats(results.gradient_norm)[0]).toBeNaN();
  for (const { name, of } of step.outputs.filter((port) => port.role === "state"))
    expect(floats(results[name])).toEqual(floats(feeds[of]));
});

test("the sampling graph steps to a x + b D + c z", async () => {
  const artifact = authored("tiny");
  const entry = artifact.manifest.graphs.sampling[1]!;
  const feeds = feedsOf(entry);
  const { x_next, denoised } = await run(artifact, entry);
  const [a, b, c] = ["a", "b", "c"].map((name) => floats(feeds[name])[0]!);
  const wanted = floats(feeds.x).map((x, i) => a! * x + b! * floats(denoised)[i]! + c! * floats(feeds.z)[i]!);
  expect(largest(wanted.map((w, i) => w - floats(x_next)[i]!))).toBeLessThan(1e-5 * largest(wanted));
});
