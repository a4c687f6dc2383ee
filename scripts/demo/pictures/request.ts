// What the state asks the engine to draw from the open model.
import { computed } from "@preact/signals";
import type { PictureSampling } from "../engine/protocol.ts";
import { classOf, pictures, type Task } from "../state/pictures.ts";
import { easelPicture, hiddenPixels } from "./easel.ts";
import { model } from "./live.ts";

type Extra = Pick<PictureSampling, "inpaint" | "edit" | "interpolate">;

const extras: Readonly<Record<Task, () => Extra>> = {
  draw: () => ({}),
  inpaint: () => ({
    inpaint: { known: easelPicture.value, mask: hiddenPixels.value.map((hidden) => 1 - hidden) },
  }),
  edit: () => ({ edit: { from: easelPicture.value, strength: pictures.strength.value } }),
  between: () => ({ interpolate: { to: pictures.to.value } }),
};

/** A class, where the model has some; between two noises it stays the same, or is none. */
function labelOf({ classes, guidable }: { classes: number; guidable: boolean }): PictureSampling["label"] {
  const text = pictures.label.value;
  const chosen = classOf(text);
  if (chosen !== undefined && chosen < classes) return chosen;
  if (text === "none" && guidable) return undefined;
  if (pictures.task.value !== "between") return "each";
  return guidable ? undefined : 0;
}

/** Undefined while no model is open. */
export const request = computed<PictureSampling | undefined>(() => {
  const opened = model.value;
  if (opened === undefined) return undefined;
  const label = labelOf(opened);
  const task = pictures.task.value;
  return {
    method: pictures.method.value,
    steps: pictures.steps.value,
    seed: pictures.seed.value,
    count: pictures.count.value,
    label,
    guidance: opened.guidable && label !== undefined ? pictures.guidance.value : 1,
    ...maskForChannels(extras[task](), opened.shape[0]),
  };
});

/** A mask of pixels hides all their channels. */
function maskForChannels(extra: Extra, channels: number): Extra {
  if (extra.inpaint === undefined) return extra;
  const { known, mask } = extra.inpaint;
  const all = new Float32Array(channels * mask.length);
  for (let c = 0; c < channels; c++) all.set(mask, c * mask.length);
  return { inpaint: { known, mask: all } };
}
