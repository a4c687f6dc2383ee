// The stage: the pictures, and the timeline of how they come out of noise.
import { pictures, playback, showTitles } from "../state/pictures.ts";
import { Button } from "../ui/button.tsx";
import { Segmented } from "../ui/choices.tsx";
import { Timeline } from "../ui/timeline.tsx";
import { takeSample } from "./easel.ts";
import { EaselView } from "./easel-view.tsx";
import { Grid } from "./grid.tsx";
import { frame, last, model, problem, run } from "./live.ts";
import { TaskChoice, TaskSettings } from "./tasks.tsx";

function caption(): string {
  const shown = frame.value;
  if (shown === undefined) return model.value ? "drawing…" : problem.value === "" ? "opening…" : "";
  return `σ ${Number(shown.sigma.toPrecision(3))} · ${shown.nfe} evaluations`;
}

const withEasel = (): boolean => pictures.task.value === "inpaint" || pictures.task.value === "edit";

export const Stage = () => (
  <div class="stage">
    <div class="row spread">
      <TaskChoice />
      <Button
        onClick={() => {
          pictures.seed.value++;
        }}
      >
        Other noise
      </Button>
    </div>
    <div class={withEasel() ? "bench with-easel" : "bench"}>
      {withEasel() && <EaselView />}
      <div class="sheet card">
        {withEasel() ? <Grid columns={6} onPick={takeSample} /> : <Grid columns={10} />}
      </div>
    </div>
    <p class="problem" role="alert">
      {problem.value}
    </p>
    <Timeline {...playback} last={last.value} arrived={Math.max(0, (run.value?.frames.length ?? 0) - 1)} />
    <div class="row spread">
      <Segmented label="Show" value={pictures.show} options={showTitles} />
      <p class="note numbers">{caption()}</p>
    </div>
    <TaskSettings />
  </div>
);
