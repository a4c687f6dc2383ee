// Weightings by the signal-to-noise ratio, 1 / sigma² in VE coordinates, and by what a schedule makes of a plain loss.
import { type ParameterisationName, parameterisations } from "./parameterisations.ts";
import type { Schedule } from "./schedules/schedule.ts";
import { scoreUnit } from "./score-unit.ts";
import type { Weighting } from "./weighting.ts";

const GAMMA = 5;

/**
 * All are factors of 1/2 E‖score - true score‖², sigma⁴ times those of E‖D - x_0‖², sigma² times those of E‖eps error‖².
 * min-snr: no level counts for the denoiser more than SNR 5 does (Hang et al. 2023).
 * soft-min-snr: the same without the corner, and with 1 / sigmaData² for the 5 (Crowson et al. 2024).
 * truncated-snr: no level counts for the denoiser less than SNR 1 does (Salimans & Ho 2022, section 4).
 * snr-plus-one: the plain loss of v (Salimans & Ho 2022, section 4).
 */
export const snrWeightings = {
  "min-snr": (sigma) => scoreUnit(sigma) * Math.min(1, GAMMA * scoreUnit(sigma)),
  "soft-min-snr": (sigma, sigmaData) => scoreUnit(sigma) ** 2 / (scoreUnit(sigma) + sigmaData ** 2),
  "truncated-snr": (sigma) => scoreUnit(sigma) * Math.max(1, scoreUnit(sigma)),
  "snr-plus-one": (sigma) => scoreUnit(sigma) * (1 + scoreUnit(sigma)),
} satisfies Record<string, Weighting>;

/**
 * g² on the score of x_t, which bounds the likelihood when times are uniform (Song, Durkan et al. 2021, Theorem 1). In VE coordinates
 * it is the rate d sigma²/dt whatever the schedule, so that the bound integrates over sigma² and no schedule is better.
 */
export const likelihoodWeighting =
  (schedule: Schedule): Weighting =>
  (level) => {
    const t = schedule.timeOf(level);
    return (schedule.diffusion(t) / schedule.alpha(t)) ** 2;
  };

/** The mean squared error of a network's prediction as it is, DDPM's L_simple for eps (Ho et al. 2020, Eq. 14). */
export const plainWeighting =
  (name: ParameterisationName, schedule: Schedule): Weighting =>
  (level) => {
    const alpha = schedule.alpha(schedule.timeOf(level));
    return (scoreUnit(level) / parameterisations[name](alpha, level * alpha).out) ** 2;
  };
