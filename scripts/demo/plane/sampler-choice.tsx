// Which sampler, how many evaluations, whose score; and a second sampler to compare.
import { methodTitles, plane, sourceTitles } from "../state/plane.ts";
import { Segmented, Select, Toggle } from "../ui/choices.tsx";
import { Slider } from "../ui/slider.tsx";
import { whole } from "../ui/whole.ts";

const steps = whole(plane.steps);

export const SamplerChoice = () => (
  <section class="group" aria-labelledby="sampler-title">
    <h2 id="sampler-title">Sampler</h2>
    <Select label="Method" value={plane.method} options={methodTitles} />
    <Slider label="Evaluations of the score" value={steps} min={4} max={1000} logarithmic />
    <Segmented label="Particles follow" value={plane.source} options={sourceTitles} />
    <Toggle label="Compare with another, from the same noise" value={plane.compare} />
    {plane.compare.value && <Select label="The other method" value={plane.rival} options={methodTitles} />}
  </section>
);
