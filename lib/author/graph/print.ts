// A legible listing of an expression graph, one node a line.
import { describe, isOp, type Tensor } from "./tensor.ts";
import { topological } from "./traverse.ts";

/** Lines such as `%3 = Conv(x, %2) {"strides":[1,1],…} : float32[4,8,28,28]`, ending with what is returned. */
export function print(outputs: readonly Tensor[]): string {
  const names = new Map<Tensor, string>();
  const lines: string[] = [];
  for (const node of topological(outputs)) {
    names.set(node, leafName(node) ?? `%${lines.length}`);
    if (!leafName(node)) lines.push(`${names.get(node)} = ${line(node, names)}`);
  }
  return [...lines, `return ${outputs.map((node) => names.get(node)).join(", ")}`].join("\n");
}

function leafName(node: Tensor): string | undefined {
  if (isOp(node, "Input")) return node.attrs.name;
  if (!isOp(node, "Constant")) return undefined;
  const { data } = node.attrs;
  return data.length === 1 ? String(data[0]) : `constant[${node.shape}]`;
}

function line(node: Tensor, names: ReadonlyMap<Tensor, string>): string {
  const inputs = node.inputs.map((child) => names.get(child)).join(", ");
  const attrs = Object.keys(node.attrs).length > 0 ? ` ${describe(node.attrs)}` : "";
  return `${node.op}(${inputs})${attrs} : ${node.dtype}[${node.shape}]`;
}
