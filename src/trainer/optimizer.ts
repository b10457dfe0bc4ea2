// The optimizer and the plan of a run, as Python's Trainer makes them.
import { LayerNorm, type Module } from "../nn/index.js";
import { AdamW } from "../optim/index.js";
import type { Tensor } from "../tensor/index.js";
import type { TrainingArguments } from "./arguments.js";

/** Names without weight decay, whatever their case (transformers: trainer.py, get_decay_parameter_names). */
const NO_DECAY = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/i;

/** AdamW over two groups, in Python's order: what decays, then biases and the weights of norms. */
export function createAdamW(model: Module, args: TrainingArguments): AdamW {
  const norms = new Set<Tensor>();
  for (const [, module] of model.namedModules()) {
    if (module instanceof LayerNorm) for (const parameter of module.parameters()) norms.add(parameter);
  }
  const named = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad);
  const decays = ([name, parameter]: (typeof named)[number]) => !norms.has(parameter) && !NO_DECAY.test(name);
  const group = (members: typeof named, weightDecay: number) => ({
    params: members.map(([, parameter]) => parameter),
    weightDecay,
  });
  return new AdamW(
    [
      group(named.filter(decays), args.weightDecay),
      group(
        named.filter((member) => !decays(member)),
        0,
      ),
    ],
    { lr: args.learningRate, betas: [args.adamBeta1, args.adamBeta2], eps: args.adamEpsilon },
  );
}

/** How long a run is, and when it logs, evaluates and saves. All in optimizer steps. */
export interface Plan {
  readonly stepsPerEpoch: number;
  readonly maxSteps: number;
  /** Epochs begun; the last may be cut short. */
  readonly epochs: number;
  readonly warmupSteps: number;
  readonly loggingSteps: number;
  readonly evalSteps: number;
  readonly saveSteps: number;
}

/** @param batchesPerEpoch Batches that the training loader gives in an epoch. */
export function planRun(args: TrainingArguments, batchesPerEpoch: number): Plan {
  const stepsPerEpoch = Math.max(1, Math.ceil(batchesPerEpoch / args.gradientAccumulationSteps));
  const maxSteps = args.maxSteps > 0 ? args.maxSteps : Math.ceil(args.numTrainEpochs * stepsPerEpoch);
  const stepsOf = (value: number) => (value < 1 ? Math.ceil(value * maxSteps) : value);
  const loggingSteps = stepsOf(args.loggingSteps ?? Math.min(500, Math.max(1, Math.round(maxSteps / 10))));
  return {
    stepsPerEpoch,
    maxSteps,
    epochs: Math.ceil(maxSteps / stepsPerEpoch),
    warmupSteps: stepsOf(args.warmupSteps),
    loggingSteps,
    evalSteps: args.evalSteps === undefined ? loggingSteps : stepsOf(args.evalSteps),
    saveSteps: stepsOf(args.saveSteps),
  };
}
