// The U-Net against diffusers: same weights, same input, same output and gradient of every parameter.
import { expect, test } from "bun:test";
import { gradient } from "../../lib/author/autodiff/gradient.ts";
import { input } from "../../lib/author/graph/constant.ts";
import { mean, square, sub } from "../../lib/author/graph/ops.ts";
import { Parameters } from "../../lib/author/nn/parameters.ts";
import { unet } from "../../models/unet.ts";
import { unetConfig } from "../../models/unet-config.ts";
import { goldenNames, readGolden } from "../support/golden.ts";
import { runOnnx } from "../support/run-onnx.ts";

/** The largest difference relative to the largest expected magnitude. */
function relative(got: ArrayLike<number>, wanted: Float32Array): number {
  const difference = Math.max(...wanted.map((value, i) => Math.abs(value - got[i]!)));
  return difference / Math.max(...wanted.map(Math.abs));
}

for (const name of goldenNames) {
  test(`${name}: output, loss and all gradients equal PyTorch's`, async () => {
    const { config, weights, golden } = readGolden(name);
    const of = (key: string) => golden.get(key)!;
    const labels = golden.has("class_labels")
      ? input("class_labels", of("class_labels").shape, "int32")
      : undefined;
    const p = new Parameters();
    const sample = input("sample", of("sample").shape);
    const timestep = input("timestep", of("timestep").shape);
    const output = unet(unetConfig(config), p, { sample, timestep, labels });
    const loss = mean(square(sub(output, input("target", of("target").shape))));
    const specs = p.all();
    expect(specs.map((spec) => `${spec.name} [${spec.shape}]`).sort()).toEqual(
      [...weights].map(([key, { shape }]) => `${key} [${shape}]`).sort(),
    );

    const trained = specs.filter((spec) => golden.has(`grad.${spec.name}`));
    expect(trained.length).toBe([...golden.keys()].filter((key) => key.startsWith("grad.")).length);
    expect(trained).toEqual(specs.filter((spec) => spec.trained));
    const gradients = gradient(
      loss,
      trained.map((spec) => spec.tensor),
    );
    const feeds = Object.fromEntries([...weights, ...golden]);
    const [gotOutput, gotLoss, ...gotGradients] = await runOnnx([output, loss, ...gradients], feeds);
    expect(relative(gotOutput!, of("output").data)).toBeLessThan(1e-5);
    expect(relative(gotLoss!, of("loss").data)).toBeLessThan(1e-5);
    for (const [i, spec] of trained.entries()) {
      const wanted = of(`grad.${spec.name}`).data;
      // A key's bias shifts all scores alike, so its true gradient is 0 and what PyTorch gives is rounding.
      if (spec.name.endsWith("to_k.bias"))
        expect(Math.max(...gotGradients[i]!.map(Math.abs))).toBeLessThan(1e-7);
      else expect(`${spec.name} ${relative(gotGradients[i]!, wanted) < 1e-4}`).toBe(`${spec.name} true`);
    }
  });
}
