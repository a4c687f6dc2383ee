// Prints suggested noise levels.
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import { report } from "./report.ts";

/** The ladder, the step size and the balance value that they reach, which is best near 1. */
export function printSuggestion(dataset: Dataset, suggestion: Suggestion, json: boolean): void {
  const { sigmas, levels, sigmaMax, sigmaMin, gamma, stepsPerLevel, stepSize, balance, dataMean, dataStd } =
    suggestion;
  report(
    {
      data: dataset.name,
      shape: dataset.shape,
      mean: dataMean,
      std: dataStd,
      sigmaMax,
      sigmaMin,
      levels,
      gamma,
      stepsPerLevel,
      stepSize,
      balance,
      sigmas,
    },
    json,
  );
}
