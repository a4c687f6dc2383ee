// How training draws its noise levels, as plain records that files can hold.
import type { RandomStream } from "../random.ts";
import type { Schedule } from "./schedules/schedule.ts";

/** In VE coordinates. */
export type SigmaDistribution =
  /** Each level of the model's ladder as often as any other (Song & Ermon 2019, Eq. 6). */
  | { readonly kind: "ladder" }
  /** Each time of the model's schedule, tMin..tMax or 1..T (Ho et al. 2020, Algorithm 1; Song et al. 2021, Eq. 7). */
  | { readonly kind: "schedule" }
  /** ln sigma ~ N(mean, std²); EDM's are -1.2 and 1.2 (Karras et al. 2022, Table 1). */
  | { readonly kind: "log-normal"; readonly mean: number; readonly std: number };

/** What the model's noise consists of. */
interface Noise {
  readonly sigmas: readonly number[];
  readonly schedule: Schedule;
}

/** Draws a noise level. */
type SigmaDraw = (random: RandomStream) => number;

type Of<K extends SigmaDistribution["kind"]> = Extract<SigmaDistribution, { kind: K }>;

const draws: {
  readonly [K in SigmaDistribution["kind"]]: (distribution: Of<K>, noise: Noise) => SigmaDraw;
} = {
  ladder:
    (_, { sigmas }) =>
    (random) =>
      sigmas[random.integer(sigmas.length)]!,
  schedule: (_, { schedule: { discrete, level, tMin, tMax } }) =>
    discrete
      ? (random) => level(1 + random.integer(discrete.steps))
      : (random) => level(tMin + random.uniform() * (tMax - tMin)),
  "log-normal":
    ({ mean, std }) =>
    (random) =>
      Math.exp(mean + std * random.normal()),
};

/** What draws from a distribution. */
export const sigmaDraw = <K extends SigmaDistribution["kind"]>(
  distribution: Of<K>,
  noise: Noise,
): SigmaDraw => draws[distribution.kind as K](distribution, noise);
