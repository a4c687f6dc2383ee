// How much memory a training run takes at its peak, as a whole process on the CPU, before it runs; what cannot be counted is as measured.
import { samplesAtOnce } from "../../lib/artifact/manifest.ts";
import { sizeOf } from "../../lib/artifact/shape.ts";
import type { Authored } from "../../lib/author/author.ts";

export interface MemoryEstimate {
  /** Bytes of weights, average and moments, and the gradient that micro-batches add up. */
  readonly state: number;
  /** Bytes that a training step takes besides. */
  readonly step: number;
  /** Bytes of the whole process. */
  readonly total: number;
}

/** Of what reading data and authoring leave behind, the rest is garbage, whose memory the run takes again. */
const residentShare = 0.8;
/** What a session makes of each byte of a portable graph's file, which is nodes, and of a lowered one's, which is tables for the most part. */
const perByte = { portable: 110, lowered: 3 } as const;
/** What training, and drawing a sheet of samples, load and leave behind: libvips for images, Vega-Lite for points. */
const heapBytes = { images: 35e6, points: 130e6 } as const;
/** Copies of the weights that a session for sampling has while it is opened: in its file, as read, and as laid out. */
const weightCopies = 4;
/** Of what a training step holds for a sample, what an evaluation holds. */
const evaluationShare = 0.15;

/** `resident` is what the process holds with data and graphs at hand and no session open. */
export function memoryEstimate({ manifest, files, stepBytes }: Authored, resident: number): MemoryEstimate {
  const { optimizer, parameterCount, graphs, data, batch, microBatch } = manifest;
  // A step's state vectors are made before those that they replace are released.
  const vectors = 2 + optimizer.slots.length + (microBatch === undefined ? 0 : 1);
  const state = 2 * 4 * parameterCount * vectors;
  const length = (name: string) => files.get(name)!.length;
  const { file, lowered = {} } = graphs.step;
  const lowerings = Object.values(lowered).map((name) => perByte.lowered * length(name));
  const session = perByte.portable * length(file) + Math.max(0, ...lowerings);
  // The data and what is drawn for them, in the batch, in its copy and in what is fed.
  const fed = 4 * sizeOf(data.shape) * (2 * batch + 2 * samplesAtOnce(manifest));
  const heap = data.shape.length === 3 ? heapBytes.images : heapBytes.points;
  const together = Math.max(...graphs.sampling.map(({ batch }) => batch));
  const evaluation = (evaluationShare * together * stepBytes) / samplesAtOnce(manifest);
  const sheet = heap + weightCopies * 4 * parameterCount + evaluation;
  const total = residentShare * resident + state + session + fed + stepBytes + sheet;
  return { state, step: stepBytes, total };
}
