// Writes a model's training artifacts: ONNX graphs and the manifest that says how to run them.
import type { Manifest } from "../lib/artifact/manifest.ts";
import { UserError } from "../lib/errors.ts";
import { loadNewestCheckpoint } from "../lib/run/checkpoint.ts";
import { writeArtifact } from "../lib/run/folder.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { common, text } from "./cli/options.ts";
import { authorFor, chosenData, modelOptions, modelTables, outFolder, presetOf } from "./cli/prepare.ts";
import { megabytes, report } from "./cli/report.ts";
import { suggestFor } from "./recipes/suggest-for.ts";

/** Throws UserError where a run's checkpoints could not go on with this model. */
async function requireContinuable(out: string, manifest: Manifest): Promise<void> {
  await loadNewestCheckpoint(out, manifest).catch((cause: unknown) => {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError(
      `${out} holds a run that this model cannot go on with; choose another --out (${cause.message})`,
    );
  });
}

await main({
  name: "author",
  summary: "Write the ONNX training artifacts of a model",
  options: {
    ...modelOptions,
    out: text(
      "--out <folder>",
      "where to write (default runs/<preset>, with data and objective if you choose them)",
    ),
    ...common,
  },
  examples: ["--preset digits --out runs/digits", "--preset mnist --data path/to/mnist --out runs/mnist"],
  epilogue: modelTables,
  async run(values) {
    const start = performance.now();
    const dataset = await chosenData(values);
    const suggestion = await suggestFor(dataset, presetOf(values));
    const { device } = await openHost(values.device);
    const { manifest, files } = authorFor(values, dataset, suggestion, device.lowering);
    const out = outFolder(values);
    await requireContinuable(out, manifest);
    await writeArtifact(out, manifest, files);
    const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
    report(
      {
        wrote: out,
        files: [...files.keys(), "manifest.json"],
        size: megabytes(bytes),
        parameters: manifest.parameterCount,
        seconds: (performance.now() - start) / 1000,
      },
      values.json,
    );
    return undefined;
  },
});
