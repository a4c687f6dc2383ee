// The annealing schedule: the noise of each step of the run, with a mark where it is.

import { useComputed } from "@preact/signals";
import { playback } from "../state/plane.ts";
import { Chart } from "../ui/chart.tsx";
import { info, last, runs } from "./live.ts";
import { lastOf, type Run } from "./run.ts";

/** The noise at every step of the first run; of another run at the same share of its own steps. */
function levels(run: Run | undefined, steps: number): (number | null)[] {
  return Array.from({ length: steps + 1 }, (_, i) => {
    const sigma = run?.frames[Math.round((i / Math.max(1, steps)) * lastOf(run))]?.sigma;
    return sigma === undefined || sigma === 0 ? null : sigma;
  });
}

const one = [{ label: "noise", colour: "--blue" }];
const two = [...one, { label: "noise of the other", colour: "--orange" }];

export function Schedule() {
  const data = useComputed((): [number[], ...(number | null)[][]] => {
    const steps = last.value;
    const [run, rival] = [runs[0].value, runs[1].value];
    const x = Array.from({ length: steps + 1 }, (_, i) => i);
    return rival ? [x, levels(run, steps), levels(rival, steps)] : [x, levels(run, steps)];
  });
  const sigmas = info.value?.sigmas;
  return (
    <Chart
      label="Noise level of each step, on a logarithmic scale"
      xLabel="step"
      yLabel="noise σ"
      data={data.value}
      lines={data.value.length === 2 ? one : two}
      logarithmic
      range={sigmas && [sigmas.at(-1)!, sigmas[0]!]}
      height={200}
      mark={Math.min(playback.at.value, last.value)}
    />
  );
}
