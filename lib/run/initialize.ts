// Initial weights: what the manifest says of each parameter, drawn from a stream of its own.
import { type Initialisation, type Manifest, stateNames } from "../artifact/manifest.ts";
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

/** The flat vector of `parameterCount` floats that training starts from; a parameter depends on its name and the seed alone. */
export function initialParameters(manifest: Manifest, seed: number): Float32Array {
  const flat = new Float32Array(manifest.parameterCount);
  for (const { name, shape, offset, init } of manifest.parameters) {
    const size = sizeOf(shape);
    const fill = fills[init.kind] as Fill<Initialisation>;
    fill(flat.subarray(offset, offset + size), init, stream(seed, `init:${name}`));
  }
  return flat;
}

/** The state before the first step: the average equals the weights, the optimizer's slots are zero. */
export function initialState(manifest: Manifest, seed: number): Record<string, Float32Array> {
  const params = initialParameters(manifest, seed);
  const zero = stateNames(manifest).map((name) => [name, new Float32Array(params.length)]);
  return { ...Object.fromEntries(zero), params, ema: params.slice() };
}
