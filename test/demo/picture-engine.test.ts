// The engine of the pictures, on ONNX Runtime for Bun in place of that for browsers.
import { describe, expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import * as ort from "onnxruntime-node";
import { openDevice } from "../../lib/run/device.ts";
import { pictureEngine } from "../../scripts/demo/engine/pictures.ts";
import type {
  NamedFile,
  PictureEngine,
  PictureFrame,
  PictureSampling,
  PictureTraining,
} from "../../scripts/demo/engine/protocol.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const host = (async () => ({ ort, device: await openDevice(ort, "cpu") }))();
const engine = () => pictureEngine(() => host);

const steps = 6;
const training: PictureTraining = { data: "digits", preset: "tiny", steps, seed: 3 };

/** An engine whose model has trained so far, and the losses on the way. */
async function trained(to = steps) {
  const pictures = engine();
  const model = await pictures.create(training);
  return { pictures, model, losses: await train(pictures, to) };
}

async function train(pictures: PictureEngine, to: number): Promise<number[]> {
  const losses: number[] = [];
  await pictures.train(to, (progress) => losses.push(...progress.losses));
  return losses;
}

const plain: PictureSampling = {
  method: "euler",
  steps: 5,
  seed: 7,
  count: 3,
  label: "each",
  guidance: 1,
};

async function framesOf(pictures: PictureEngine, changes: Partial<PictureSampling> = {}) {
  const frames: PictureFrame[] = [];
  await pictures.sample({ ...plain, ...changes }, (frame) => frames.push(frame));
  return frames;
}

const lastOf = async (...request: Parameters<typeof framesOf>) => (await framesOf(...request)).at(-1)!.x;

const pixels = 28 * 28;
const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.length === b.length ? a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) : Number.NaN;
const tile = (x: Float32Array, i: number) => x.slice(i * pixels, (i + 1) * pixels);

const asFile = (bytes: Uint8Array, path = "run.zip"): NamedFile => ({
  path,
  file: new Blob([Uint8Array.from(bytes)]),
});

const unbroken = await trained();
const broken = await trained(3);
const zip = await broken.pictures.download();

/** An engine with the run that broke off. */
async function reopened(): Promise<PictureEngine> {
  const pictures = engine();
  await pictures.open({ files: [asFile(zip)] });
  return pictures;
}

describe("a run that goes away and comes back", () => {
  test("goes on in the page to the same losses and pictures", async () => {
    const again = engine();
    const model = await again.open({ files: [asFile(zip)] });
    expect(model).toMatchObject({ training: { step: 3 }, shape: [1, 28, 28], classes: 10, guidable: true });
    expect([...broken.losses, ...(await train(again, steps))]).toEqual(unbroken.losses);
    expect(await lastOf(again)).toEqual(await lastOf(unbroken.pictures));
  });

  test("goes on by the command line to the same losses, and samples there as here", async () => {
    using folder = new TemporaryFolder();
    for (const [name, bytes] of Object.entries(unzipSync(zip))) folder.write(name, bytes);
    const resumed = await runScript("train", ["--out", folder.path, "--resume", "--device", "cpu"]);
    expect(resumed).toMatchObject({ code: 0 });
    const lines = (await Bun.file(join(folder.path, "metrics.jsonl")).text()).trim().split("\n");
    expect(lines.map((line) => Math.fround(JSON.parse(line).loss))).toEqual(unbroken.losses);

    const npy = join(folder.path, "samples.npy");
    const choice = ["--method", "euler", "--steps", "5", "--seed", "7", "--count", "3"];
    const sampled = await runScript("sample", [folder.path, ...choice, "--npy", npy, "--device", "cpu"]);
    expect(sampled).toMatchObject({ code: 0 });
    const there = new Float32Array((await Bun.file(npy).arrayBuffer()).slice(-4 * 3 * pixels));
    expect(largestDifference(await lastOf(unbroken.pictures), there)).toBeLessThan(1e-4);
  }, 60_000);

  test("as a folder of files below another, with a damaged checkpoint told in one line", async () => {
    const files = Object.entries(unzipSync(zip)).map(([name, bytes]) => asFile(bytes, `mine/run/${name}`));
    const again = engine();
    expect(await again.open({ files })).toMatchObject({ training: { step: 3, totalSteps: 6 } });
    const cut = files.map((each) =>
      each.path.endsWith("optimizer.safetensors") ? { ...each, file: each.file.slice(0, 100) } : each,
    );
    await expect(again.open({ files: cut })).rejects.toThrow(/^mine\/run\/checkpoints: .*checksum differs$/);
    expect(await framesOf(again)).toHaveLength(5); // the model before it is still open
  });

  test("and more steps than were planned", async () => {
    expect(await train(await reopened(), steps + 2)).toHaveLength(steps + 2 - 3);
  });
});

describe("drawing", () => {
  const { pictures } = broken;

  test("the same request gives the same frames, and one picture does not depend on its company", async () => {
    const [once, again] = [await framesOf(pictures), await framesOf(pictures)];
    expect(once).toEqual(again);
    expect(once.map(({ step, steps }) => `${step}/${steps}`)).toEqual(["1/5", "2/5", "3/5", "4/5", "5/5"]);
    const alone = await lastOf(pictures, { count: 1 });
    expect(largestDifference(tile(once.at(-1)!.x, 0), alone)).toBeLessThan(1e-5);
  });

  test("as many pictures again loads nothing, however they are drawn", async () => {
    await framesOf(pictures, { count: 2 });
    using created = spyOn(ort.InferenceSession, "create");
    await framesOf(pictures, { count: 2, seed: 8 });
    await framesOf(pictures, { count: 2, method: "heun", guidance: 2, steps: 20 });
    expect(created).toHaveBeenCalledTimes(0);
    await framesOf(pictures, { count: 20 });
    expect(created).toHaveBeenCalledTimes(1);
  });

  test("after a step of Euler's method x lies between the noise and the denoised", async () => {
    const [before, after] = await framesOf(pictures);
    const ratio = after!.sigma / before!.sigma;
    const expected = before!.x.map((x, i) => ratio * x + (1 - ratio) * after!.denoised[i]!);
    expect(largestDifference(after!.x, expected)).toBeLessThan(1e-4 * before!.sigma);
  });

  test("keeps known pixels to the bit, and fills in others", async () => {
    const known = new Float32Array(pixels).map((_, i) => Math.sin(i));
    const mask = new Float32Array(pixels).map((_, i) => Number(i % 28 < 14));
    for (const method of ["euler", "heun", "ancestral", "annealed-langevin"] as const) {
      const x = await lastOf(pictures, { method, steps: 12, inpaint: { known, mask } });
      for (const i of [0, 1, 2])
        expect(tile(x, i).filter((_, at) => mask[at] === 1)).toEqual(known.filter((_, at) => mask[at] === 1));
      expect(tile(x, 0).filter((_, at) => mask[at] === 0)).not.toEqual(
        tile(x, 1).filter((_, at) => mask[at] === 0),
      );
    }
  });

  test("an edit of strength 0 is the picture, and of strength 1 begins at the largest noise around it", async () => {
    const from = new Float32Array(pixels).map((_, i) => Math.cos(i));
    const [still] = await framesOf(pictures, { edit: { from, strength: 0 } });
    expect([0, 1, 2].map((i) => tile(still!.x, i))).toEqual([from, from, from]);
    const half = await framesOf(pictures, { edit: { from, strength: 0.5 } });
    expect(half.length).toBeLessThan(5);
    // The first step scales the noise about the denoised: what is over is the picture's share of it.
    const [fromZero] = await framesOf(pictures);
    const [edited] = await framesOf(pictures, { edit: { from, strength: 1 } });
    const share = edited!.sigma / broken.model.sigmas[0]!;
    const moved = tile(edited!.x, 0).map((x, i) => (x - fromZero!.x[i]!) / share - from[i]!);
    expect(Math.hypot(...moved) / Math.hypot(...from)).toBeLessThan(0.1);
  });

  test("tiles between two seeds begin at the one and end at the other", async () => {
    const same = { label: 4 } as const;
    for (const method of ["euler", "ancestral"] as const) {
      const way = await lastOf(pictures, { ...same, method, count: 4, interpolate: { to: 8 } });
      const [first, last] = [
        await lastOf(pictures, { ...same, method, count: 1 }),
        await lastOf(pictures, { ...same, method, count: 1, seed: 8 }),
      ];
      expect(largestDifference(tile(way, 0), first)).toBeLessThan(1e-5);
      expect(largestDifference(tile(way, 3), last)).toBeLessThan(1e-5);
      expect(largestDifference(tile(way, 1), first)).toBeGreaterThan(1e-3);
    }
  });

  test("guidance of 0 is no class, and costs one evaluation; of 2, two", async () => {
    const none = await framesOf(pictures, { label: undefined });
    expect(await framesOf(pictures, { label: 4, guidance: 0 })).toEqual(none);
    const guided = await framesOf(pictures, { label: 4, guidance: 2, steps: 10 });
    expect([none.at(-1)!.nfe, guided.at(-1)!.nfe]).toEqual([5, 10]);
  });

  test("long runs show some of their frames, the last one among them", async () => {
    const frames = await framesOf(pictures, { method: "annealed-langevin", steps: 250, count: 1 });
    const { step, steps } = frames.at(-1)!;
    expect(step).toBe(steps!);
    expect(frames.length).toBeWithin(80, 122);
  });
});

describe("turns", () => {
  test("a model that arrives late does not take the place of one that was asked for later", async () => {
    const pictures = engine();
    const late = pictures.create(training);
    const wanted = pictures.open({ files: [asFile(zip)] });
    await expect(Promise.all([late, wanted])).rejects.toThrow("another model was opened instead");
    expect(await wanted).toMatchObject({ training: { step: 3 } });
    expect(await train(pictures, 4)).toHaveLength(1);
  });

  test("a newer request takes the place of an older one", async () => {
    const pictures = await reopened();
    const long = { ...plain, method: "annealed-langevin", steps: 400 } as const;
    const first = pictures.sample(long, () => {});
    const second = pictures.sample(plain, () => {});
    expect(await Promise.all([first, second])).toEqual([false, true]);
  });

  test("pictures are drawn while training goes on, which does not change it; a pause ends it", async () => {
    const pictures = await reopened();
    const losses = [...broken.losses];
    const done = pictures.train(steps, (progress) => losses.push(...progress.losses));
    expect(await pictures.sample({ ...plain, count: 1 }, () => {})).toBe(true);
    await done;
    expect(losses).toEqual(unbroken.losses);

    let seen = 0;
    await pictures.train(500, ({ step }) => {
      seen = step;
      void pictures.pause();
    });
    expect(seen).toBeWithin(steps + 1, 100);
  });
});

describe("files that are no model of pictures", () => {
  const refusal = (files: readonly NamedFile[]) =>
    engine()
      .open({ files })
      .then(
        () => "opened",
        ({ name, message }: Error) => `${name}: ${message}`,
      );
  const text = (path: string, contents: string) => asFile(new TextEncoder().encode(contents), path);

  test.each([
    ["nothing", [], /expected a run or model folder with a manifest\.json/],
    ["another file", [text("a/notes.txt", "x")], /expected a run or model folder with a manifest\.json/],
    ["a zip that is none", [text("x.zip", "PK and no more")], /x\.zip: cannot be unzipped \(/],
    ["a manifest that is no JSON", [text("manifest.json", "<html>")], /manifest\.json: expected JSON/],
    ["another manifest", [text("manifest.json", "{}")], /not a langevin manifest/],
    ["an empty zip", [asFile(zipSync({}))], /run\.zip: expected a run or model folder/],
  ] as const)("%s", async (_, files, expected) => {
    const told = await refusal(files);
    expect(told).toMatch(expected);
    expect(told).toStartWith("UserError: ");
    expect(told).not.toContain("\n");
  });

  test("addresses that cannot be fetched", async () => {
    for (const url of ["digits", "file:///etc", "javascript:alert(1)"])
      await expect(engine().open({ url })).rejects.toThrow("expected the address of a model folder");
    await expect(engine().open({ url: "http://localhost:9/model" })).rejects.toThrow("cannot be reached");
  });

  test("a model folder without its training samples, and does not train", async () => {
    const files = unzipSync(zip);
    const kept = Object.entries(files).flatMap(([name, bytes]) => {
      if (/^(manifest\.json|sample_model.*)$/.test(name)) return [asFile(bytes, name)];
      return name.includes("unet_ema/") ? [asFile(bytes, name.replace(/.*unet_ema/, "unet"))] : [];
    });
    const model = engine();
    expect(await model.open({ files: kept })).toMatchObject({ training: undefined });
    expect(largestDifference(await lastOf(model), await lastOf(broken.pictures))).toBeLessThan(1e-4);
    await expect(train(model, 2)).rejects.toThrow("a model without its training");
    await expect(model.download()).rejects.toThrow("a model without its training");
  });
});
