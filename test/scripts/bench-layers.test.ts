// Which layer and phase every node of a training graph is counted for.
import { describe, expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "../../lib/artifact/onnx/onnx_pb.ts";
import { authorCase, cases } from "../../scripts/bench/cases.ts";
import { layersOf, type Phase, placesOf } from "../../scripts/bench/layers.ts";

function placed(name: keyof typeof cases, lowering?: "cpu-nchwc16") {
  const { manifest, files } = authorCase(cases[name], lowering);
  const { file, lowered } = manifest.graphs.step;
  const bytes = files.get((lowering && lowered?.[lowering]) ?? file)!;
  const { parameters } = manifest;
  const places = placesOf(bytes, parameters);
  const nodes = fromBinary(ModelProtoSchema, bytes).graph!.node;
  const layers = (operators: readonly string[], phase: Phase) =>
    nodes
      .filter(({ opType }) => operators.includes(opType))
      .map((node) => places.get(node.name)!)
      .flatMap((place) => (place.phase === phase ? [place.layer] : []))
      .sort();
  return { parameters, places, nodes, layers };
}

describe("a perceptron", () => {
  const { places, layers } = placed("points");
  const products = ["MatMul", "Gemm"];
  test("has one product forward for each layer", () => {
    expect(layers(products, "forward")).toEqual(["hidden.0", "hidden.1", "hidden.2", "out"]);
  });
  test("has two backward, for the weight and for the input, but for the first layer", () => {
    const both = ["hidden.1", "hidden.2", "out"].flatMap((layer) => [layer, layer]);
    expect(layers(products, "backward")).toEqual(["hidden.0", ...both]);
  });
  test("leaves the roots of Adam to the optimizer and the waves of the noise level to the first layer", () => {
    expect(layers(["Sqrt"], "backward")).toEqual([]);
    expect(new Set(layers(["Sqrt"], "optimizer"))).toEqual(new Set([undefined]));
    expect(new Set(layers(["Sin", "Cos"], "forward"))).toEqual(new Set(["hidden.0"]));
  });
  test("ends the forward pass at the loss and the optimizer at the next state", () => {
    expect(places.get("loss")).toEqual({ phase: "forward", layer: undefined });
    expect(places.get("params_next")).toEqual({ phase: "optimizer", layer: undefined });
  });
});

for (const lowering of [undefined, "cpu-nchwc16"] as const)
  describe(`a U-Net, ${lowering ?? "portable"}`, () => {
    const { parameters, nodes, places, layers } = placed("tiny", lowering);
    const convolutions = parameters
      .filter(({ name, shape }) => name.endsWith(".weight") && shape.length === 4)
      .map(({ name }) => name.replace(/\.weight$/, ""));
    test("convolves forward in every layer of convolutions, and besides in linear layers of attention only", () => {
      const found = new Set(layers(["Conv"], "forward"));
      const linear = [...found].filter((layer) => !convolutions.includes(layer!));
      expect(found.size - linear.length).toBe(convolutions.length);
      for (const layer of linear) expect(layer).toMatch(/\.attentions\.\d\.to_/);
    });
    test("counts something forward and backward for every layer", () => {
      for (const phase of ["forward", "backward"] as const) {
        const served = new Set(
          [...places.values()].filter((each) => each.phase === phase).map((each) => each.layer),
        );
        for (const layer of layersOf(parameters)) expect(served).toContain(layer);
      }
    });
    test("counts nearly all nodes of the gradient for a layer", () => {
      const backward = [...places.values()].filter(({ phase }) => phase === "backward");
      const served = backward.filter(({ layer }) => layer !== undefined);
      expect(places.size).toBe(nodes.length);
      expect(served.length / backward.length).toBeGreaterThan(0.98);
    });
  });
