// Suggests noise levels and a Langevin step for any data set, by the techniques of Song & Ermon 2020.
import { main } from "./cli/command.ts";
import { common } from "./cli/options.ts";
import { dataSource, modelOptions, openData, presetOf, suggestFor } from "./cli/prepare.ts";
import { printSuggestion } from "./cli/suggestion.ts";

const { preset, data, imageSize } = modelOptions;
const { seed, json } = common;

await main({
  name: "suggest",
  summary: "Suggest noise levels and a Langevin step size for a data set",
  options: { preset, data, imageSize, seed, json },
  examples: ["", "--data path/to/images --image-size 32"],
  async run(values) {
    const dataset = await openData(dataSource(values), values);
    printSuggestion(dataset, await suggestFor(dataset, presetOf(values)), values.json);
    return undefined;
  },
});
