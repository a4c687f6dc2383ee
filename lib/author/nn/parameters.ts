// A network's parameters: declared by name where they are used, collected for whoever feeds and trains them.
import type { Initialisation } from "../../artifact/initialisation.ts";
import { input } from "../graph/constant.ts";
import { stopGradient } from "../graph/ops.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";

export interface ParameterSpec {
  readonly tensor: Tensor<"Input">;
  readonly name: string;
  readonly shape: Shape;
  readonly init: Initialisation;
  /** Whether the optimizer may change it; the others keep what they start with. */
  readonly trained: boolean;
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

  /** The parameter of this name. Throws for a name that was asked for before in another shape, or as frozen. */
  get(name: string, shape: Shape, init: Initialisation): Tensor<"Input"> {
    return this.declare({ name: this.path(name), shape, init, trained: true });
  }

  /** A parameter that is part of the weights but not trained: a constant for differentiation and for the optimizer. */
  frozen(name: string, shape: Shape, init: Initialisation): Tensor {
    return stopGradient(this.declare({ name: this.path(name), shape, init, trained: false }));
  }

  /** Every parameter handed out so far, in order of first use. */
  all(): ParameterSpec[] {
    return [...this.declared.values()];
  }

  private declare(asked: Omit<ParameterSpec, "tensor">): Tensor<"Input"> {
    const { name, shape } = asked;
    const known = this.declared.get(name);
    if (known && known.shape.join() !== shape.join())
      throw new Error(`parameter ${name}: expected [${known.shape}] as before, got [${shape}]`);
    if (known && known.trained !== asked.trained)
      throw new Error(`parameter ${name}: expected either get or frozen throughout, got both`);
    const spec = known ?? { tensor: input(name, shape), ...asked };
    this.declared.set(name, spec);
    return spec.tensor;
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
    if (error instanceof Error) error.message += ` (${scope})`;
    throw error;
  }
}
