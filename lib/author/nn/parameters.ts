// A network's parameters: declared by name where they are used, collected for whoever feeds and trains them.
import type { Initialisation } from "../../artifact/manifest.ts";
import { input } from "../graph/constant.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";

export interface ParameterSpec {
  readonly tensor: Tensor<"Input">;
  readonly name: string;
  readonly shape: Shape;
  readonly init: Initialisation;
}

export const ones: Initialisation = { kind: "constant", value: 1 };
export const zeros: Initialisation = { kind: "constant", value: 0 };
/** The default of PyTorch's Linear and Conv: U(±1/√fanIn), for weight and bias alike. */
export const fanIn = (n: number): Initialisation => ({ kind: "uniform", bound: 1 / Math.sqrt(n) });

/** Hands out parameters; `within` prefixes their names like a PyTorch module path. */
export class Parameters {
  readonly scope: string;
  private readonly declared: Map<string, ParameterSpec>;

  constructor(scope = "", declared = new Map<string, ParameterSpec>()) {
    this.scope = scope;
    this.declared = declared;
  }

  within(scope: string | number): Parameters {
    return new Parameters(this.path(String(scope)), this.declared);
  }

  /** The parameter of this name; asking twice for one name in different shapes is an error. */
  get(name: string, shape: Shape, init: Initialisation): Tensor<"Input"> {
    const path = this.path(name);
    const known = this.declared.get(path);
    if (known && known.shape.join() !== shape.join())
      throw new Error(`parameter ${path}: expected [${known.shape}] as before, got [${shape}]`);
    const spec = known ?? { tensor: input(path, shape), name: path, shape, init };
    this.declared.set(path, spec);
    return spec.tensor;
  }

  /** Every parameter handed out so far, in order of first use. */
  all(): ParameterSpec[] {
    return [...this.declared.values()];
  }

  private path(name: string): string {
    return this.scope ? `${this.scope}.${name}` : name;
  }
}

/** Runs `build` and adds the parameter path to any error it throws. */
export function located<T>({ scope }: Parameters, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof Error && !error.message.includes(" (")) error.message += ` (${scope})`;
    throw error;
  }
}
