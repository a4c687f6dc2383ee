// Which layers are shown, and their colours.
import { heatTitles, plane } from "../state/plane.ts";
import { Segmented, Toggle } from "../ui/choices.tsx";

export const Layers = () => (
  <fieldset class="layers">
    <legend class="legend">Layers</legend>
    <div class="toggles">
      <Toggle label="Data" value={plane.data} swatch="quiet" />
      <Toggle label="Particles" value={plane.particles} swatch="blue" />
      <Toggle label="Score" value={plane.arrows} swatch="ink" />
      <Toggle label="True score" value={plane.trueArrows} swatch="green" />
      <Toggle label="Trails" value={plane.trails} swatch="blue" />
      <Toggle label="Flow paths" value={plane.paths} swatch="orange" />
    </div>
    <Segmented label="Heat map" value={plane.heat} options={heatTitles} />
    {plane.heat.value === "energy" && plane.objective.value !== "energy" && (
      <p class="note">Only an energy-based network has an energy: choose that objective under Model.</p>
    )}
  </fieldset>
);
