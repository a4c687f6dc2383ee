// Trains a model: authors it when the run folder has none, then trains, saves and shows samples as it goes.
import { main } from "./cli/command.ts";
import { dryRun } from "./cli/dry-run.ts";
import { common, count, text, toggle } from "./cli/options.ts";
import { chosenData, modelOptions, modelTables, presetOf } from "./cli/prepare.ts";
import { printSuggestion } from "./cli/suggestion.ts";
import { train } from "./cli/training.ts";
import { suggestFor } from "./recipes/suggest-for.ts";

await main({
  name: "train",
  summary: "Train a score model",
  takesLong: true,
  options: {
    ...modelOptions,
    out: text(
      "--out <folder>",
      "the run folder (default runs/<preset>, with data and objective if you choose them)",
    ),
    resume: toggle("--resume", "go on from the newest checkpoint in the run folder"),
    saveEvery: count("--save-every <n>", "steps between checkpoints (default 250)"),
    previewEvery: count("--preview-every <n>", "steps between sample sheets (default a fifth of all steps)"),
    suggest: toggle("--suggest", "print suggested noise levels for the data and stop"),
    plot: toggle("--plot", "at the end, figures of the loss and of the learned field in <folder>/plots"),
    dryRun: toggle("--dry-run", "print what would run, its parameters, memory and time, and stop"),
    ...common,
  },
  examples: [
    "",
    "--preset density --data swiss-roll --objective sliced --plot",
    "--data path/to/images --image-size 32 --out runs/mine --steps 5000",
  ],
  epilogue: modelTables,
  async run(values) {
    if (values.suggest) {
      const dataset = await chosenData(values);
      printSuggestion(dataset, await suggestFor(dataset, presetOf(values)), values.json);
      return undefined;
    }
    return values.dryRun ? dryRun(values) : train(values);
  },
});
