// Initial weights: what the manifest says of each parameter, drawn from a stream of its own.
import type { Initialisation } from "../artifact/initialisation.ts";
import { carriedShapes, type Manifest } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { type RandomStream, stream } from "../random.ts";

type Fill<I> = (out: Float32Array, init: I, random: RandomStream) => void;

const fills: { readonly [K in Initialisation["kind"]]: Fill<Extract<Initialisation, { kind: K }>> } = {
  constant: (out, { value }) => {
    out.fill(value);
  },
  normal: (out, { std }, random) => {
    random.fillNormal(out);
    for (let i = 0; i < out.length; i++) out[i]! *= std;
  },
  uniform: (out, { bound }, random) => {
    random.fillUniform(out);
    for (let i = 0; i < out.length; i++) out[i] = bound * (2 * out[i]! - 1);
  },
};

/** Overwrites numbers by those of a law. */
export function fillBy(init: Initialisation, out: Float32Array, random: RandomStream): void {
  (fills[init.kind] as Fill<Initialisation>)(out, init, random);
}

/** The flat vector of `parameterCount` floats that training starts from; a parameter depends on its name and the seed alone. */
export function initialParameters(manifest: Manifest, seed: number): Float32Array {
  const flat = new Float32Array(manifest.parameterCount);
  for (const { name, shape, offset, init } of manifest.parameters) {
    const size = sizeOf(shape);
    fillBy(init, flat.subarray(offset, offset + size), stream(seed, `init:${name}`));
  }
  return flat;
}

/** All that a run carries before its first step: the average equals the weights, everything else is zero. */
export function initialState(manifest: Manifest, seed: number): Record<string, Float32Array> {
  const params = initialParameters(manifest, seed);
  const zero = [...carriedShapes(manifest)].map(([name, shape]) => [name, new Float32Array(sizeOf(shape))]);
  return { ...Object.fromEntries(zero), params, ema: params.slice() };
}
