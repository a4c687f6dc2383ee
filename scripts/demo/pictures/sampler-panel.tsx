// How pictures are drawn: which class and how strongly, by which method, with how much work, from which noise.
import { className, methodTitles, pictures } from "../state/pictures.ts";
import { Select } from "../ui/choices.tsx";
import { Slider } from "../ui/slider.tsx";
import { whole } from "../ui/whole.ts";
import { model } from "./live.ts";
import { SeedField } from "./seed-field.tsx";

const classOptions = (classes: number, guidable: boolean): Record<string, string> => ({
  each: "One after another",
  ...(guidable && { none: "None" }),
  ...Object.fromEntries(Array.from({ length: classes }, (_, i) => [className(i), `${i}`])),
});

const steps = whole(pictures.steps);
const count = whole(pictures.count);

export function SamplerPanel() {
  const { classes = 0, guidable = false } = model.value ?? {};
  return (
    <section class="group" aria-labelledby="sampler-title">
      <h2 id="sampler-title">Sampler</h2>
      {classes > 0 && (
        <Select label="Class" value={pictures.label} options={classOptions(classes, guidable)} />
      )}
      {guidable && (
        <Slider
          label="Guidance, 1 is the class as it is"
          value={pictures.guidance}
          min={0}
          max={6}
          step={0.25}
        />
      )}
      <Select label="Method" value={pictures.method} options={methodTitles} />
      <Slider label="Evaluations of the network" value={steps} min={4} max={500} logarithmic />
      <SeedField label="Seed" value={pictures.seed} />
      <Slider label="Pictures" value={count} min={1} max={60} />
    </section>
  );
}
