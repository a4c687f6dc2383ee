// Draws the planned samples, and keeps what is shown of the process.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { UserError } from "../../lib/errors.ts";
import { type MethodName, methods, type Request } from "../recipes/methods.ts";
import type { Frame } from "./sample-pictures.ts";

export interface Drawing extends Request {
  readonly method: MethodName;
  readonly signal?: AbortSignal;
  /** How many frames of the process to keep, evenly spread over its steps. */
  readonly frames?: number;
  readonly onStep?: (done: number | undefined, sigma: number) => void;
}

export interface Drawn {
  readonly count: number;
  /** [count,...shape]. */
  readonly samples: Float32Array;
  /** The process, each frame like `samples`. */
  readonly frames: readonly Frame[];
  /** Evaluations of each sample, where the data decided. */
  readonly nfe: number | undefined;
}

/** Draws all samples; undefined when it was interrupted. Throws UserError when the steps diverged. */
export async function draw(drawing: Drawing): Promise<Drawn | undefined> {
  const { count, method, artifact, signal, onStep, frames = 0 } = drawing;
  const recording = new Recording(count, sizeOf(artifact.manifest.data.shape), frames);
  for await (const now of methods[method].run(drawing)) {
    if (signal?.aborted) return undefined;
    onStep?.(now.done, now.sigma);
    if (recording.wants(now)) recording.add(now, await now.x());
  }
  recording.finish();
  return recording;
}

type Place = Readonly<Record<"step" | "first" | "sigma", number>> & {
  readonly steps: number | undefined;
  readonly nfe?: number;
};

/** Keeps what is shown of a process: its end, and some frames on the way. */
class Recording implements Drawn {
  readonly count: number;
  readonly samples: Float32Array;
  frames: { readonly x: Float32Array; sigma: number }[] = [];
  nfe: number | undefined;
  private readonly size: number;
  private readonly wanted: number;

  constructor(count: number, size: number, frames: number) {
    this.count = count;
    this.size = size;
    this.wanted = frames;
    this.samples = new Float32Array(count * size);
  }

  wants(now: Place): boolean {
    return now.steps === undefined || now.step === now.steps || this.frameOf(now) >= 0;
  }

  add(now: Place, x: Float32Array): void {
    this.nfe = now.nfe;
    if (now.steps === undefined || now.step === now.steps) this.samples.set(x, now.first * this.size);
    const at = this.frameOf(now);
    if (at < 0) return;
    const sigma = now.step === now.steps ? 0 : now.sigma;
    this.frames[at] ??= { x: new Float32Array(this.samples.length), sigma };
    this.frames[at].x.set(x, now.first * this.size);
  }

  /** Where the number of steps was not known, all frames were kept: now as many as are wanted. */
  finish(): void {
    if (!this.samples.every(Number.isFinite))
      throw new UserError(
        "sample: the steps diverged, some samples are not finite; take a smaller --step-size",
      );
    if (this.frames.length > this.wanted)
      this.frames = frameSteps(this.frames.length, this.wanted).map((step) => this.frames[step - 1]!);
  }

  /** The number of the frame that a step is, -1 for none. */
  private frameOf({ step, steps }: Place): number {
    if (this.wanted === 0) return -1;
    return steps === undefined ? step - 1 : frameSteps(steps, this.wanted).indexOf(step);
  }
}

/** At most `count` step numbers up to `total`, the last one included. */
function frameSteps(total: number, count: number): number[] {
  const wanted = Math.min(count, total);
  return Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * total) / wanted));
}
