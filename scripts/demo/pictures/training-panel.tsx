// Training in the page: on what, which network, how long; how far it is, and the run to take home.
import { useComputed } from "@preact/signals";
import { openEngine } from "../engine/client.ts";
import { pointsOf } from "../state/loss-curve.ts";
import { dataTitles, pictures, presetTitles, trainedHere } from "../state/pictures.ts";
import { Button } from "../ui/button.tsx";
import { Chart } from "../ui/chart.tsx";
import { Segmented } from "../ui/choices.tsx";
import { Slider } from "../ui/slider.tsx";
import { whole } from "../ui/whole.ts";
import { model, training } from "./live.ts";
import { trainHere } from "./opening.ts";
import { download, train } from "./training.ts";

const lines = [{ label: "loss", colour: "--blue" }];
const planned = whole(pictures.planned);

/** Fresh weights; an unchanged name does not open the model again by itself. */
function startNew(): void {
  pictures.trained.value = pictures.planned.peek();
  if (pictures.model.peek() === trainedHere) void trainHere(openEngine(), pictures.planned.peek());
  else pictures.model.value = trainedHere;
}

const Recipe = () => (
  <>
    <Segmented label="Learn" value={pictures.data} options={dataTitles} />
    <Segmented label="Network" value={pictures.preset} options={presetTitles} />
    <Slider label="Steps" value={planned} min={5} max={20000} logarithmic />
    <Button primary onClick={startNew}>
      Train from scratch
    </Button>
  </>
);

function Progress() {
  const { step, stepsPerSecond, running } = training.value;
  const { totalSteps } = model.value?.training ?? { totalSteps: 0 };
  const rate = running && stepsPerSecond > 0 ? ` · ${stepsPerSecond.toPrecision(2)} steps/s` : "";
  return (
    <p class="note numbers">
      step {step} of {Math.max(step, totalSteps)}
      {rate}
    </p>
  );
}

function Running() {
  const points = useComputed(() => pointsOf(training.value.curve));
  const { step, running, curve } = training.value;
  const { totalSteps } = model.value?.training ?? { totalSteps: 0 };
  const further = step < totalSteps ? totalSteps : step + pictures.planned.value;
  return (
    <div class="group">
      <Progress />
      <div class="row">
        <Button
          primary
          onClick={() => (running ? void openEngine().pictures.pause() : void train(openEngine(), further))}
        >
          {running ? "Pause training" : "Go on training"}
        </Button>
        <Button onClick={() => void download(openEngine())}>Download the run</Button>
      </div>
      <p class="note">
        Unzipped, <code>bun scripts/train.ts --resume --out</code> goes on with it and{" "}
        <code>bun scripts/sample.ts</code> draws from it.
      </p>
      {curve.count > 0 && (
        <Chart
          label={`Loss against step, ${step} steps so far`}
          xLabel="step"
          yLabel="loss"
          data={points.value}
          lines={lines}
          height={120}
        />
      )}
    </div>
  );
}

export const TrainingPanel = () => (
  <section class="group" aria-labelledby="training-title">
    <h2 id="training-title">Training</h2>
    {model.value?.training && <Running />}
    <details open={model.value?.training === undefined && pictures.model.value === trainedHere}>
      <summary>Train a model in this page</summary>
      <div class="group fold">
        <Recipe />
      </div>
    </details>
  </section>
);
