// The pictures' page apart from the browser: what its links hold, what the easel paints, and what it asks the engine for.
import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { PictureModel } from "../../scripts/demo/engine/protocol.ts";
import { strokeOn } from "../../scripts/demo/pictures/brush.ts";
import { easelPicture, hiddenPixels, hide, sketch, takeNext } from "../../scripts/demo/pictures/easel.ts";
import { last, model, run } from "../../scripts/demo/pictures/live.ts";
import { request } from "../../scripts/demo/pictures/request.ts";
import { decodePicture, encodePicture, quantised } from "../../scripts/demo/state/picture-text.ts";
import { pictures, picturesEntries } from "../../scripts/demo/state/pictures.ts";
import { fromHash, toHash } from "../../scripts/demo/state/url.ts";

const digits: PictureModel = {
  name: "digits",
  shape: [1, 28, 28],
  classes: 10,
  guidable: true,
  parameters: 1,
  sigmas: [80, 1],
  method: "heun",
  training: undefined,
};

beforeEach(() => {
  for (const entry of Object.values(picturesEntries)) entry.read(undefined);
  model.value = digits;
  run.value = undefined;
});

describe("pictures in links", () => {
  test("come back to the nearest of sixteen levels, and from then on exactly", () => {
    fc.assert(
      fc.property(fc.float32Array({ min: -1, max: 1, noNaN: true, maxLength: 800 }), (values) => {
        const back = decodePicture(encodePicture(values))!;
        expect(back).toEqual(quantised(values));
        expect(back.every((value, i) => Math.abs(value - values[i]!) <= 1 / 15 + 1e-6)).toBe(true);
        expect(decodePicture(encodePicture(back))).toEqual(back);
      }),
    );
  });

  test("of a digit are short", async () => {
    await takeNext();
    const text = encodePicture(pictures.picture.value);
    expect(text.length).toBeLessThan(300);
    expect(quantised(pictures.picture.value)).toEqual(pictures.picture.value);
  });

  test.each(["!", "A", "AAAA", "zzzzzzzzzzzz"])("%s is none", (text) => {
    expect(decodePicture(text)).toBeUndefined();
  });

  test("a text that unpacks to more than any picture is none", () => {
    expect(decodePicture(encodePicture(new Float32Array(4 * 256 * 256)))?.length).toBeUndefined();
  });

  test("a link holds what is chosen and gives it back", () => {
    hide("left");
    sketch("ring");
    pictures.label.value = "class-3";
    pictures.task.value = "inpaint";
    const hash = toHash("pictures", picturesEntries);
    const asked = request.value;
    for (const entry of Object.values(picturesEntries)) entry.read(undefined);
    expect(request.value).not.toEqual(asked);
    expect(fromHash(hash, { pictures: picturesEntries })).toBe("pictures");
    expect(request.value).toEqual(asked);
    expect(asked).toMatchObject({ label: 3, count: 30 });
  });
});

describe("the easel", () => {
  const area = (values: Float32Array) => values.reduce((sum, value) => sum + (value + 1) / 2, 0);

  test("a stroke is as wide as its brush and as long as its way, in every channel", () => {
    const shape = [3, 32, 32] as const;
    const line = [
      [0.25, 0.5],
      [0.75, 0.5],
    ] as const;
    const painted = strokeOn(new Float32Array(3 * 32 * 32).fill(-1), shape, line, 1);
    // A capsule of radius r = 1.6 pixels: 2 r by 16, with half circles at its ends.
    const exact = 2 * 1.6 * 16 + Math.PI * 1.6 ** 2;
    for (const c of [0, 1, 2])
      expect(Math.abs(area(painted.subarray(c * 1024, (c + 1) * 1024)) / exact - 1)).toBeLessThan(0.03);
    const again = strokeOn(painted, shape, line, 1);
    expect(again).toEqual(painted);
    // A soft edge is left of what was erased.
    expect(area(strokeOn(painted, shape, line, -1))).toBeLessThan(0.3 * area(painted));
  });

  test("hides parts by name: halves are halves, the centre is a quarter", () => {
    const sum = () => hiddenPixels.value.reduce((a, b) => a + b, 0);
    const shares = (["top", "bottom", "left", "right", "centre", "none"] as const).map((name) => {
      hide(name);
      return sum() / (28 * 28);
    });
    expect(shares).toEqual([0.5, 0.5, 0.5, 0.5, 0.25, 0]);
    hide("left");
    expect([hiddenPixels.value[0], hiddenPixels.value[27]]).toEqual([1, 0]);
  });

  test("starts black where what it holds is of another shape", () => {
    sketch("bar");
    expect(area(easelPicture.value)).toBeGreaterThan(20);
    model.value = { ...digits, shape: [3, 32, 32] };
    expect(easelPicture.value).toEqual(new Float32Array(3 * 32 * 32).fill(-1));
  });
});

describe("what is asked for", () => {
  test("classes one after another; none between two noises, where the model knows none", () => {
    expect(request.value).toMatchObject({ label: "each", guidance: 1 });
    pictures.guidance.value = 3;
    expect(request.value).toMatchObject({ label: "each", guidance: 3 });
    pictures.task.value = "between";
    expect(request.value).toMatchObject({ label: undefined, guidance: 1, interpolate: { to: 1 } });
    model.value = { ...digits, guidable: false };
    expect(request.value).toMatchObject({ label: 0, guidance: 1 });
    pictures.label.value = "class-12";
    pictures.task.value = "draw";
    expect(request.value).toMatchObject({ label: "each" });
  });

  test("the mask is 1 where the picture is known, in all channels", () => {
    model.value = { ...digits, shape: [3, 2, 2] };
    pictures.task.value = "inpaint";
    hide("top");
    expect(request.value?.inpaint?.mask).toEqual(Float32Array.from([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]));
  });

  test("nothing while no model is open", () => {
    model.value = undefined;
    expect(request.value).toBeUndefined();
  });
});

test("the timeline counts the frames that a thinned run will have", () => {
  const frame = { steps: 250, sigma: 1, nfe: 3, x: new Float32Array(), denoised: new Float32Array() };
  const frames = [{ ...frame, step: 3 }];
  run.value = { frames, complete: false, trained: 0 };
  expect(last.value).toBe(83); // 3, 6, … 249, and 250
  run.value = { frames: [frames[0]!, { ...frame, step: 250 }], complete: true, trained: 0 };
  expect(last.value).toBe(1);
});
