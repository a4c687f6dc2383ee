// The cosine schedule of Improved DDPM.
import { chainSchedule } from "./chain.ts";
import { betasOf } from "./discrete-schedule.ts";
import type { Schedule, ScheduleOptions } from "./schedule.ts";

// It keeps beta_1 from being so small that a network could not tell the noise.
const OFFSET = 0.008;

const alphaBar = (t: number): number => Math.cos((((t + OFFSET) / (1 + OFFSET)) * Math.PI) / 2) ** 2;

/** alpha_bar(t) = cos²((t/T + 0.008) / 1.008 pi/2), relative to t = 0 (Nichol & Dhariwal 2021, Eq. 17). */
export const cosine = ({ steps = 1000 }: ScheduleOptions = {}): Schedule =>
  chainSchedule(
    {
      summary: "Improved DDPM's T steps, alpha_bar a squared cosine",
      source: "Nichol & Dhariwal 2021, Eq. 17",
    },
    betasOf(alphaBar, steps),
  );
