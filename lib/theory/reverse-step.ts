// What a graph is told of one step of a chain's reverse process, p(x_(t-1) | x_t), by the names of its inputs.
import { clippedLogPosteriorVariance, posteriorMean } from "./schedules/discrete-schedule.ts";
import type { Schedule } from "./schedules/schedule.ts";

/** Of the whole time nearest to a noise level in VE coordinates; nothing for schedules in continuous time. */
export function reverseInputs(
  { discrete, timeOf }: Schedule,
  level: number,
): Readonly<Record<string, number>> {
  if (!discrete) return {};
  const t = Math.max(1, Math.round(timeOf(level)));
  return {
    terms: discrete.steps,
    c_x0: posteriorMean(discrete, t).x0,
    log_beta: Math.log(discrete.betas[t]!),
    log_posterior: clippedLogPosteriorVariance(discrete, t),
    decodes: Number(t === 1),
  };
}
