// What is folded away at first: the model, guidance.
import type { ComponentChildren } from "preact";
import {
  deviceTitles,
  familyTitles,
  guidanceTitles,
  networkTitles,
  objectiveTitles,
  plane,
} from "../state/plane.ts";
import { Segmented, Select } from "../ui/choices.tsx";
import { Slider } from "../ui/slider.tsx";

interface FoldProps {
  readonly title: string;
  readonly open?: boolean;
  readonly children: ComponentChildren;
}

const Fold = ({ title, open, children }: FoldProps) => (
  <details open={open}>
    <summary>{title}</summary>
    <div class="group fold">{children}</div>
  </details>
);

export const Model = () => (
  <Fold title="Model">
    <Segmented label="Family" value={plane.family} options={familyTitles} />
    <Select label="Objective" value={plane.objective} options={objectiveTitles} />
    <Segmented label="Hidden layers" value={plane.network} options={networkTitles} />
    <Slider label="Learning rate" value={plane.rate} min={1e-4} max={3e-2} logarithmic />
    <Slider label="Particles" value={plane.count} min={100} max={8000} step={100} />
    <Segmented label="Compute with, once reloaded" value={plane.device} options={deviceTitles} />
  </Fold>
);

export const Guidance = () => (
  <Fold title="Guidance" open={plane.guidance.value !== "none"}>
    <Segmented label="Towards" value={plane.guidance} options={guidanceTitles} />
    <Slider label="Weight" value={plane.weight} min={0} max={8} step={0.1} />
  </Fold>
);
