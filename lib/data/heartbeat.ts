// Built-in data: binary "heartbeats", a beat in every fifth place of a sequence (Sohl-Dickstein et al. 2015, section 3.1.2); endless.

import { stream } from "../random.ts";
import type { ImageDataset } from "./dataset.ts";

const LENGTH = 20;
const PERIOD = 5;

/** Sequences as pictures [1,1,20] of -1 and, at one of five phases, 1; sample `index` is a function of (seed, index) alone. */
export function heartbeat(seed: number): ImageDataset {
  return {
    name: "heartbeat",
    shape: [1, 1, LENGTH],
    size: Number.POSITIVE_INFINITY,
    classes: 0,
    binary: true,
    entropy: Math.log2(PERIOD),
    async read(indices, sequences) {
      indices.forEach((index, i) => {
        const phase = stream(seed, "heartbeat", index).integer(PERIOD);
        for (let at = 0; at < LENGTH; at++) sequences[i * LENGTH + at] = at % PERIOD === phase ? 1 : -1;
      });
    },
  };
}
