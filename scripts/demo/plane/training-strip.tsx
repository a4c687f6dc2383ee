// Training: go on, pause, one step, from the start; how far it is, how fast, and its losses.
import { useComputed } from "@preact/signals";
import { openEngine } from "../engine/client.ts";
import { pointsOf } from "../state/loss-curve.ts";
import { plane } from "../state/plane.ts";
import { Button } from "../ui/button.tsx";
import { Chart } from "../ui/chart.tsx";
import { info, network, training } from "./live.ts";
import { pauseTraining } from "./training.ts";
import { short } from "./words.ts";

/** Steps of one go. */
const GO = 2000;
const lines = [{ label: "loss", colour: "--blue" }];

/** The first of these losses and the last, for those who do not see the line. */
function fromTo(means: readonly number[]): string {
  return means.length > 1 ? `, from ${short(means[0]!)} to ${short(means.at(-1)!)}` : "";
}

function Progress() {
  const { step, stepsPerSecond, running } = training.value;
  const rate = running && stepsPerSecond > 0 ? ` · ${Math.round(stepsPerSecond)} steps/s` : "";
  const size = network.value ? ` · ${network.value.parameters.toLocaleString("en")} weights` : "";
  const loading =
    info.value && network.value === undefined && plane.trained.value > 0 ? "getting ready…" : undefined;
  return (
    <span class="note numbers">{loading ?? `step ${step} of ${plane.trained.value}${rate}${size}`}</span>
  );
}

export function TrainingStrip() {
  const curve = useComputed(() => pointsOf(training.value.curve));
  const { running, step } = training.value;
  const trainTo = (to: number) => {
    plane.trained.value = to;
  };
  return (
    <section class="group" aria-labelledby="training-title">
      <div class="row spread">
        <h2 id="training-title">Network</h2>
        <Progress />
      </div>
      <div class="row">
        <Button
          primary
          disabled={info.value === undefined}
          onClick={() => (running ? void pauseTraining(openEngine()) : trainTo(step + GO))}
        >
          {running ? "Pause training" : "Train"}
        </Button>
        <Button
          label="+1 step of training"
          disabled={info.value === undefined || running}
          onClick={() => trainTo(step + 1)}
        >
          +1
        </Button>
        <Button label="Reset the network" disabled={step === 0} onClick={() => trainTo(0)}>
          Reset
        </Button>
      </div>
      <Chart
        label={`Loss against step, ${step} steps so far${fromTo(curve.value[1])}`}
        xLabel="step"
        yLabel="loss"
        data={curve.value}
        lines={lines}
        height={110}
      />
    </section>
  );
}
