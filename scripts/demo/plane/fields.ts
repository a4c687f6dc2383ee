// Asks for the field at the noise level that is looked at, while a layer shows it: one question at a time, the latest first.
import { computed, effect } from "@preact/signals";
import type { FieldRequest, PlaneEngine } from "../engine/protocol.ts";
import { plane } from "../state/plane.ts";
import { complain, field, info, sigma, training, view } from "./live.ts";
import { extentOf } from "./view.ts";

const CELLS = 40;
/** Between two questions, so that training goes on in the meantime. */
const PAUSE_MS = 60;
/** Steps of training after which the field is worth another look. */
const STEPS = 50;

const shown = computed(() => plane.arrows.value || plane.trueArrows.value || plane.heat.value !== "none");

/** The training step that the field is looked at, in strides while it goes on; 0 for the true score. */
const learned = computed(() => {
  const { step, running } = training.value;
  if (plane.source.value === "true") return 0;
  return running ? step - (step % STEPS) : step;
});

/** The present question; undefined where no layer shows the field, or no density is open. */
const request = computed<FieldRequest | undefined>(() => {
  if (!shown.value || info.value === undefined || view.value === undefined) return undefined;
  return {
    sigma: sigma.value,
    cells: CELLS,
    extent: extentOf(view.value, sigma.value),
    source: learned.value > 0 ? "learned" : "true",
  };
});

/** Goes on until the returned function is called. */
export function keepField(engine: PlaneEngine): () => void {
  let asking = false;
  let stale = false;
  const ask = async () => {
    const wanted = request.peek();
    const opened = info.peek();
    if (wanted === undefined) return;
    const answer = await engine.field(wanted);
    if (opened === info.peek()) field.value = { ...answer, ...wanted };
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  };
  const keep = async () => {
    if (asking) return;
    asking = true;
    while (stale) {
      stale = false;
      await ask().catch(complain);
    }
    asking = false;
  };
  return effect(() => {
    request.value;
    learned.value;
    stale = true;
    void keep();
  });
}
