// What is drawn: samples, what is missing of a picture, something like a sketch, or the way between two noises.
import type { ComponentChildren } from "preact";
import { pictures, type Task, taskTitles } from "../state/pictures.ts";
import { Button } from "../ui/button.tsx";
import { Segmented } from "../ui/choices.tsx";
import { Slider } from "../ui/slider.tsx";
import { clear, hide, masks, sketch, sketches, takeNext, takeNextSample } from "./easel.ts";
import { SeedField } from "./seed-field.tsx";

const keysOf = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];

const Take = () => (
  <>
    <Button onClick={() => void takeNext()}>Another picture</Button>
    <Button onClick={takeNextSample}>One of the sheet</Button>
  </>
);

const Inpaint = () => (
  <>
    <p class="note">
      Paint over what the model shall fill in; the rest stays as it is. A click on a picture of the sheet puts
      it on the easel.
    </p>
    <fieldset class="segmented">
      <legend class="legend">Hide</legend>
      <div class="options">
        {keysOf(masks).map((name) => (
          <Button key={name} onClick={() => hide(name)}>
            {masks[name].title}
          </Button>
        ))}
      </div>
    </fieldset>
    <div class="row">
      <Take />
    </div>
  </>
);

const Edit = () => (
  <>
    <p class="note">
      Draw roughly. Noise is added up to the chosen level, and the model takes it away again: the more noise,
      the less is kept of the sketch.
    </p>
    <Slider
      label="Noise added, as a share of the levels"
      value={pictures.strength}
      min={0}
      max={1}
      step={0.05}
    />
    <div class="row">
      {keysOf(sketches).map((name) => (
        <Button key={name} onClick={() => sketch(name)}>
          {sketches[name].title}
        </Button>
      ))}
      <Take />
      <Button onClick={clear}>Clear</Button>
    </div>
  </>
);

const Between = () => (
  <>
    <p class="note">
      From the noise of one seed to that of another, on the sphere on which noise lies. An ODE draws them
      best: it adds no noise of its own. All are of the chosen class, or of none.
    </p>
    <SeedField label="To seed" value={pictures.to} />
  </>
);

const settings: Readonly<Record<Task, () => ComponentChildren>> = {
  draw: () => null,
  inpaint: Inpaint,
  edit: Edit,
  between: Between,
};

/** Which of them. */
export const TaskChoice = () => <Segmented label="Draw" value={pictures.task} options={taskTitles} />;

/** What belongs to the one that is chosen. */
export function TaskSettings() {
  const Settings = settings[pictures.task.value];
  return (
    <div class="group">
      <Settings />
    </div>
  );
}
