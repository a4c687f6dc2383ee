// The densities to choose from, as thumbnails, and what belongs to the typed and the drawn one.
import { useId } from "preact/hooks";
import { type DensityName, densityTitles, plane } from "../state/plane.ts";
import { Button } from "../ui/button.tsx";
import { Segmented } from "../ui/choices.tsx";
import { before, clear, lift, pen, penKey, tool, toolTitles, undo } from "./drawing.ts";
import { Thumbnail } from "./thumbnail.tsx";

const Tile = ({ name, title }: { readonly name: DensityName; readonly title: string }) => (
  <label class="tile" title={title}>
    <input
      type="radio"
      name="density"
      checked={plane.density.value === name}
      onChange={() => {
        plane.density.value = name;
      }}
    />
    <Thumbnail name={name} />
    {name === "drawn" && plane.points.value.length === 0 && <span aria-hidden="true">✎</span>}
    <span class="unseen">{title}</span>
  </label>
);

function WordField() {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        Its letters are the density
      </label>
      <input
        id={id}
        type="text"
        maxLength={12}
        value={plane.word.value}
        onChange={({ currentTarget }) => {
          plane.word.value = currentTarget.value;
        }}
      />
    </div>
  );
}

/** A button to draw with keys, where it has the focus. */
const KeyPen = () => (
  <button
    type="button"
    class="button"
    onKeyDown={(event) => {
      if (penKey(event.key, event.shiftKey)) event.preventDefault();
    }}
    onKeyUp={lift}
    onBlur={() => {
      pen.value = undefined;
    }}
    title="Arrows move the pen, with shift they draw, space makes a dot"
  >
    Draw with keys
  </button>
);

const DrawingTools = () => (
  <div class="group">
    <p class="note">Draw on the plane with mouse, finger or pen; the network learns what you draw.</p>
    <div class="row">
      <Segmented label="Tool" value={tool} options={toolTitles} />
    </div>
    <div class="row">
      <Button onClick={undo} disabled={before.value.length === 0}>
        Undo
      </Button>
      <Button onClick={clear} disabled={plane.points.value.length === 0}>
        Clear
      </Button>
      <KeyPen />
    </div>
  </div>
);

export const DensityPicker = () => (
  <section class="group" aria-labelledby="density-title">
    <div class="row spread">
      <h2 id="density-title">Density</h2>
      <span class="note">{densityTitles[plane.density.value]}</span>
    </div>
    <div class="tiles" role="radiogroup" aria-labelledby="density-title">
      {Object.entries(densityTitles).map(([name, title]) => (
        <Tile key={name} name={name as DensityName} title={title} />
      ))}
    </div>
    {plane.density.value === "word" && <WordField />}
    {plane.density.value === "drawn" && <DrawingTools />}
    <div class="row">
      <Button
        label="Regenerate: other samples, another network (R)"
        onClick={() => {
          plane.seed.value++;
        }}
      >
        Regenerate
      </Button>
      <Button
        label="The same with other noise (N)"
        onClick={() => {
          plane.noise.value++;
        }}
      >
        Other noise
      </Button>
    </div>
  </section>
);
