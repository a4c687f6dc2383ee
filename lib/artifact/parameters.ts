// Parameters by name and as one flat vector: the two shapes in which weights travel.
import { UserError } from "../errors.ts";
import type { Manifest } from "./manifest.ts";
import type { SafeTensor } from "./safetensors.ts";
import { sizeOf } from "./shape.ts";

type Layout = Pick<Manifest, "parameters" | "parameterCount">;

/** What older diffusers files call the projections of an attention layer. */
const legacyNames: Readonly<Record<string, string>> = {
  query: "to_q",
  key: "to_k",
  value: "to_v",
  proj_attn: "to_out.0",
};

function modernName(name: string): string {
  return name.replace(
    /(?<=\.)(query|key|value|proj_attn)(?=\.(weight|bias)$)/,
    (old) => legacyNames[old] ?? old,
  );
}

/** Views of the flat vector (`parameterCount` floats) by tensor name; nothing is copied. Throws Error for another length. */
export function namedParameters(layout: Layout, flat: Float32Array): Map<string, SafeTensor> {
  if (flat.length !== layout.parameterCount) {
    throw new Error(`namedParameters: expected ${layout.parameterCount} floats, got ${flat.length}`);
  }
  return new Map(
    layout.parameters.map(({ name, shape, offset }) => [
      name,
      { dtype: "F32", shape, data: flat.subarray(offset, offset + sizeOf(shape)) },
    ]),
  );
}

/** Tensors under the names that the layout uses; a legacy name gives way to a modern one beside it. */
function underModernNames(layout: Layout, tensors: ReadonlyMap<string, SafeTensor>): Map<string, SafeTensor> {
  const expected = new Set(layout.parameters.map(({ name }) => name));
  const rename = (name: string) => {
    const modern = modernName(name);
    return !expected.has(name) && expected.has(modern) && !tensors.has(modern) ? modern : name;
  };
  return new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}

/** "2 missing: a, b"; the first three are named, each fit for one line. */
function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const first = names.slice(0, 3).map((name) => name.replace(/\p{Cc}/gu, "?").slice(0, 200));
  return [`${names.length} ${what}: ${first.join(", ")}${names.length > 3 ? ", …" : ""}`];
}

type FloatTensor = Extract<SafeTensor, { dtype: "F32" | "F64" }>;

function isFloat(tensor: SafeTensor | undefined): tensor is FloatTensor {
  return tensor?.dtype === "F32" || tensor?.dtype === "F64";
}

function mismatches(layout: Layout, found: ReadonlyMap<string, SafeTensor>): string[] {
  const missing = layout.parameters.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  const expected = new Set(layout.parameters.map(({ name }) => name));
  const unexpected = [...found.keys()].filter((name) => !expected.has(name));
  const misshapen = layout.parameters.flatMap(({ name, shape }) => {
    const tensor = found.get(name);
    if (!tensor || (isFloat(tensor) && tensor.shape.join() === shape.join())) return [];
    return [`${name} (expected F32 [${shape}], got ${tensor.dtype} [${tensor.shape}])`];
  });
  return [
    ...listed("missing", missing),
    ...listed("unexpected", unexpected),
    ...listed("of another shape", misshapen),
  ];
}

/**
 * Gathers named tensors, read from `where`, into one flat vector of `parameterCount` floats; accepts diffusers' legacy attention
 * names. Throws UserError that names the first missing, unexpected and misshapen tensors.
 */
export function flatParameters(
  layout: Layout,
  tensors: ReadonlyMap<string, SafeTensor>,
  where: string,
): Float32Array {
  const found = underModernNames(layout, tensors);
  const problems = mismatches(layout, found);
  if (problems.length > 0) {
    throw new UserError(`${where}: weights are not of this model: ${problems.join("; ")}`);
  }
  const flat = new Float32Array(layout.parameterCount);
  for (const { name, offset } of layout.parameters) {
    const tensor = found.get(name);
    if (isFloat(tensor)) flat.set(tensor.data, offset);
  }
  return flat;
}
