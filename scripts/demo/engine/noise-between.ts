// Noise on the way from one stream to another, standard normal everywhere on it.
import type { Noise } from "../../recipes/methods.ts";

/** cos(a) z1 + sin(a) z2 with a from 0 at share 0, which is the first stream, to pi/2 at share 1, the second (Song et al. 2021a, section 5.3). */
export function noiseBetween(first: Noise, second: Noise, share: number): Noise {
  const [cos, sin] =
    share === 1 ? [0, 1] : [Math.cos((share * Math.PI) / 2), Math.sin((share * Math.PI) / 2)];
  return { normal: () => cos * first.normal() + sin * second.normal() };
}
