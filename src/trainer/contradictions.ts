// Arguments that are right each by itself and wrong together: said before anything is loaded.
import type { TrainingValues } from "./arguments.js";

/** What is wrong, as the end of "TrainingArguments: ..."; undefined where nothing is. */
export function checkCombination(args: TrainingValues): string | undefined {
  return rules.find(([isWrong]) => isWrong(args))?.[1](args);
}

type Rule = readonly [isWrong: (args: TrainingValues) => boolean, message: (args: TrainingValues) => string];

const rules: readonly Rule[] = [
  [({ maxSteps }) => maxSteps === 0, () => "maxSteps must be positive, or -1 for whole epochs"],
  [
    ({ loadBestModelAtEnd, evalStrategy }) => loadBestModelAtEnd && evalStrategy === "no",
    () => 'loadBestModelAtEnd needs evaluations to tell the best: set evalStrategy to "epoch" or "steps"',
  ],
  [
    ({ loadBestModelAtEnd, saveStrategy }) => loadBestModelAtEnd && saveStrategy === "no",
    () => 'loadBestModelAtEnd needs checkpoints to load the best from, and saveStrategy is "no"',
  ],
  [
    ({ saveStrategy, evalStrategy }) => saveStrategy === "best" && evalStrategy === "no",
    () => 'saveStrategy "best" needs evaluations to tell the best: set evalStrategy to "epoch" or "steps"',
  ],
  [
    ({ metricForBestModel, evalStrategy }) => metricForBestModel !== undefined && evalStrategy === "no",
    ({ metricForBestModel }) =>
      `metricForBestModel is "${metricForBestModel}", and evalStrategy "no": nothing would measure it. Set evalStrategy to "epoch" or "steps"`,
  ],
  [
    ({ pushToHub, saveStrategy }) => pushToHub && saveStrategy === "no",
    () => 'pushToHub publishes what is saved, and saveStrategy is "no"',
  ],
  [
    ({ histogramSteps, reportTo }) => histogramSteps !== undefined && reportTo !== "tensorboard",
    () => 'histogramSteps writes histograms for TensorBoard: set reportTo to "tensorboard", too',
  ],
  [
    ({ maxTokensPerBatch, trainSamplingStrategy }) =>
      maxTokensPerBatch !== undefined && trainSamplingStrategy === "group_by_length",
    () => "maxTokensPerBatch makes batches of rows of like length already: leave out trainSamplingStrategy",
  ],
  [
    ({ maxTokensPerBatch, dataloaderDropLast }) => maxTokensPerBatch !== undefined && dataloaderDropLast,
    () => "with maxTokensPerBatch batches have unequal numbers of rows anyway: leave out dataloaderDropLast",
  ],
  [({ bf16, fp16 }) => bf16 && fp16, () => "bf16 and fp16 exclude each other"],
  [({ fp16 }) => fp16, () => "fp16 is of no use on a processor, which has no float16 products: use bf16, or neither"],
  [
    ({ warmupSteps, maxSteps }) => maxSteps > 0 && warmupSteps >= 1 && warmupSteps > maxSteps,
    ({ warmupSteps, maxSteps }) => `warmupSteps ${warmupSteps} are more than maxSteps ${maxSteps}`,
  ],
  [
    ({ hubModelId, hubPrivateRepo, pushToHub }) => !pushToHub && (hubModelId !== undefined || hubPrivateRepo === true),
    () => "hubModelId and hubPrivateRepo mean something with pushToHub only: set it, too",
  ],
];
