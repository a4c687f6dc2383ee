// Part one: points in the plane, a density, and a network that learns its score.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { openEngine } from "../engine/client.ts";
import { listenToKeys } from "../ui/keys.ts";
import { DensityPicker } from "./density-picker.tsx";
import { keepField } from "./fields.ts";
import { keys } from "./keyboard.ts";
import { followWhilePlaying } from "./level.ts";
import { status } from "./live.ts";
import { Guidance, Model } from "./more-choices.tsx";
import { keepOpen } from "./opening.ts";
import { refreshWhenLearned } from "./replay.ts";
import { SamplerChoice } from "./sampler-choice.tsx";
import { keepSampling } from "./sampling.ts";
import { Stage } from "./stage.tsx";
import { Tour } from "./tour/tour.tsx";
import { keepTraining } from "./training.ts";
import { TrainingStrip } from "./training-strip.tsx";

/** Whether someone can see the page. */
const visible = signal(!document.hidden);

function watchVisibility(): () => void {
  const look = () => {
    visible.value = !document.hidden;
  };
  document.addEventListener("visibilitychange", look);
  return () => document.removeEventListener("visibilitychange", look);
}

/** Keeps everything going that the state asks for, while the page is there. */
function useEngine(): void {
  useEffect(() => {
    const engine = openEngine();
    const ends = [
      watchVisibility(),
      keepOpen(engine.plane),
      keepSampling(engine.plane),
      keepField(engine.plane),
      keepTraining(engine, visible, refreshWhenLearned),
      followWhilePlaying(),
      listenToKeys(keys),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, []);
}

export function PlanePage() {
  useEngine();
  return (
    <div class="page plane-page">
      <Stage />
      <div class="panel">
        <Tour />
        <DensityPicker />
        <TrainingStrip />
        <SamplerChoice />
        <div>
          <Model />
          <Guidance />
        </div>
        <p class="note">
          Keys: space plays, arrows step, R regenerates, 1–9 and 0 choose a density, [ and ] the noise.
        </p>
      </div>
      <p class="unseen" role="status">
        {status.value}
      </p>
    </div>
  );
}
