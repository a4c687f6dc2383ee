// Suggests noise levels and a Langevin step for any data set, by the techniques of Song & Ermon 2020.
import { main } from "./cli/command.ts";
import { dataOptions } from "./cli/data.ts";
import { common } from "./cli/options.ts";
import { chosenData, modelOptions, presetOf } from "./cli/prepare.ts";
import { printSuggestion } from "./cli/suggestion.ts";
import { suggestFor } from "./recipes/suggest-for.ts";

const { preset } = modelOptions;
const { seed, json } = common;

await main({
  name: "suggest",
  summary: "Suggest noise levels and a Langevin step size for a data set",
  options: { preset, ...dataOptions, seed, json },
  examples: ["", "--data path/to/images --image-size 32"],
  async run(values) {
    const dataset = await chosenData(values);
    printSuggestion(dataset, await suggestFor(dataset, presetOf(values)), values.json);
    return undefined;
  },
});
