// The stage: one or two panels, the run's numbers and schedule beside them, the timeline beneath.
import { methodTitles, plane, playback } from "../state/plane.ts";
import { Slider } from "../ui/slider.tsx";
import { Timeline } from "../ui/timeline.tsx";
import { PlaneCanvas } from "./canvas.tsx";
import { stroke } from "./drawing.ts";
import { Layers } from "./layer-choice.tsx";
import { level } from "./level.ts";
import { info, last, problem, runs } from "./live.ts";
import { replayWhenLearned } from "./replay.ts";
import { Schedule } from "./schedule.tsx";
import { mover, readings, short } from "./words.ts";

const titles = { sigma: "noise σ", nfe: "evaluations", distance: "distance" };

function Readings({ panel }: { readonly panel: 0 | 1 }) {
  const values = readings(panel);
  return (
    <dl class="readings numbers">
      {Object.entries(titles).map(([name, title]) => (
        <div key={name}>
          <dt>{title}</dt>
          <dd>{values[name as keyof typeof titles]}</dd>
        </div>
      ))}
    </dl>
  );
}

function Panel({ panel }: { readonly panel: 0 | 1 }) {
  const run = runs[panel].value;
  const method = panel === 0 ? plane.method.value : plane.rival.value;
  return (
    <figure class="panel-view">
      <PlaneCanvas panel={panel} />
      {isBlank() && <p class="hint note">Draw here</p>}
      <figcaption>
        <strong>{methodTitles[method]}</strong> <span class="note">{run && mover(run)}</span>
        {plane.compare.value && <Readings panel={panel} />}
      </figcaption>
    </figure>
  );
}

const isBlank = () =>
  plane.density.value === "drawn" && plane.points.value.length === 0 && stroke.value === undefined;

function NoiseSlider() {
  const sigmas = info.value?.sigmas;
  if (sigmas === undefined || sigmas.length < 2) return null;
  return (
    <Slider label="Noise σ" value={level} min={sigmas.at(-1)!} max={sigmas[0]!} logarithmic format={short} />
  );
}

const Beside = () => (
  <div class={plane.compare.value ? "beneath" : "beside"}>
    <div class="group">
      {!plane.compare.value && <Readings panel={0} />}
      <Schedule />
      <NoiseSlider />
    </div>
    <Layers />
  </div>
);

export const Stage = () => (
  <div class={plane.compare.value ? "stage compared" : "stage plane-stage"}>
    <Panel panel={0} />
    {plane.compare.value && <Panel panel={1} />}
    <p class="problem" role="alert">
      {problem.value}
    </p>
    <Timeline
      {...playback}
      last={last.value}
      arrived={Math.max(0, (runs[0].value?.frames.length ?? 0) - 1)}
      onEnd={replayWhenLearned}
    />
    <Beside />
  </div>
);
