// The sigmoid schedule, which spends more of its steps at middle noise than the cosine.
import { chainSchedule } from "./chain.ts";
import { betasOf } from "./discrete-schedule.ts";
import type { Schedule, ScheduleOptions } from "./schedule.ts";

const START = -3;
const END = 3;
const TAU = 1;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

const [first, last] = [logistic(START / TAU), logistic(END / TAU)];

const alphaBar = (t: number): number => (last - logistic((START + t * (END - START)) / TAU)) / (last - first);

/** alpha_bar falls as a logistic function from -3 to 3 with temperature 1 (Jabri et al. 2022; Chen 2023, Algorithm 1). */
export const sigmoid = ({ steps = 1000 }: ScheduleOptions = {}): Schedule =>
  chainSchedule(
    { summary: "T steps, alpha_bar a logistic curve", source: "Jabri et al. 2022; Chen 2023, Algorithm 1" },
    betasOf(alphaBar, steps),
  );
